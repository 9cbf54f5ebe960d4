// `npm run dev`: builds on every change of a source and restarts the service.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { ensureReady, exitCodeOf, root } from './bootstrap.mjs';

/** The compiler writes many files at once; one restart is enough for them. */
const SETTLED_MS = 300;

await ensureReady();
// What the watcher builds from now on is unknown to the next `npm start`, which shall build anew.
rmSync(join(root, 'dist', '.made-from'), { force: true });
mkdirSync(join(root, 'dist'), { recursive: true });

let service = startService();
let stopping = false;
let restarting = false;
let timer;

const compiler = spawn(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build', '--watch'], {
  cwd: root,
  stdio: 'inherit',
});
watch(join(root, 'dist'), { recursive: true }, (_event, file) => {
  if (!file?.endsWith('.js')) return;
  clearTimeout(timer);
  timer = setTimeout(restart, SETTLED_MS);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);

function startService() {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: root,
    stdio: 'inherit',
  });
  child.once('exit', () => (child.gone = true));
  return child;
}

async function restart() {
  if (restarting || stopping) return;
  restarting = true;
  await end(service);
  restarting = false;
  if (!stopping) service = startService();
}

async function stop(signal) {
  stopping = true;
  compiler.kill('SIGTERM');
  await end(service);
  process.exit(exitCodeOf(signal));
}

function end(child) {
  if (child.gone) return Promise.resolve();
  child.kill('SIGTERM');
  return new Promise((resolve) => child.once('exit', resolve));
}
