// Gets a fresh clone ready: packages, generated client, build. Needs nothing but Node and npm, and does
// only what is missing, so that every command can call it first.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest Node that all packages run on; also in package.json, "engines". */
const OLDEST_NODE = [20, 19];

const PRISMA = 'node_modules/prisma/build/index.js';
const NEST = 'node_modules/@nestjs/cli/bin/nest.js';

/**
 * Resolves when the service can run from `dist/`; with nothing to do that takes a fraction of a second.
 * Ends the process, after saying why, if a step fails.
 */
export async function ensureReady({ build = true } = {}) {
  requireNode();
  process.chdir(root);
  if (!packagesAreInstalled()) await installPackages();
  await whenChanged(
    'Generating the database client',
    'src/generated/.made-from',
    ['prisma/schema.prisma', 'prisma.config.ts', 'package-lock.json'],
    () => quietly(PRISMA, ['generate'], { CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }),
  );
  if (!build) return;
  await whenChanged(
    'Building',
    'dist/.made-from',
    ['src', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'],
    () => {
      // From nothing, so that no file of a deleted source stays behind.
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      return quietly(NEST, ['build']);
    },
  );
}

/** Runs a command on this terminal. @returns its exit code; 128 + n if signal n ended it, as in a shell. */
export function run(command, args, { env = {}, stdio = 'inherit', onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: onOutput ? ['ignore', 'pipe', 'pipe'] : stdio,
    });
    child.on('error', reject);
    if (onOutput) for (const stream of [child.stdout, child.stderr]) stream.on('data', onOutput);
    child.on('close', (code, signal) => resolve(signal ? exitCodeOf(signal) : code));
  });
}

export function exitCodeOf(signal) {
  return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0);
}

/** All files at or below a path, both relative to the project's folder. */
export function filesUnder(path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(`${path}/${name}`));
}

/** Says what is wrong, without a stack, and ends the process. */
export function fail(message, exitCode = 1) {
  console.error(message);
  process.exit(exitCode);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `PiSync needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.versions.node}: https://nodejs.org`,
  );
}

/**
 * Whether what npm says it has installed is what package-lock.json asks for. Optional packages are made
 * for one kind of machine, so those for others are rightly absent.
 */
function packagesAreInstalled() {
  const installed = packagesIn('node_modules/.package-lock.json');
  if (!installed) return false;
  return Object.entries(packagesIn('package-lock.json')).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found
      ? found.version === wanted.version && (!wanted.integrity || found.integrity === wanted.integrity)
      : wanted.optional === true && !isForThisMachine(wanted);
  });
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined; // Absent, or cut off by a crash: install.
  }
}

/** npm leaves out optional packages whose `os` or `cpu` is another; a list may also exclude (`!win32`). */
function isForThisMachine({ os, cpu, libc }) {
  const allows = (list, own) =>
    !list || (list.some((entry) => entry.startsWith('!')) ? !list.includes(`!${own}`) : list.includes(own));
  const ownLibc = process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return (
    allows(os, process.platform) &&
    allows(cpu, process.arch) &&
    (process.platform !== 'linux' || allows(libc, ownLibc))
  );
}

async function installPackages() {
  const started = Date.now();
  console.log('Installing packages: about a minute the first time.');
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const progress = setInterval(() => console.log(`  still at it after ${seconds()} s`), 10_000);
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  // The build needs the development packages even where NODE_ENV=production would leave them out.
  const options = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const code = await run(npm[0], [...npm.slice(1), ...options]).finally(() => clearInterval(progress));
  if (code !== 0) fail('"npm ci" failed; see above. It needs the network, or a filled npm cache.', code);
}

/** Does the work unless it was done before from the same contents, of which it keeps a digest in `stamp`. */
async function whenChanged(title, stamp, sources, work) {
  const now = digest(sources);
  const file = join(root, stamp);
  if (existsSync(file) && readFileSync(file, 'utf8') === now) return;
  const started = Date.now();
  process.stdout.write(`${title} ... `);
  await work();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, now);
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Node's own version is part of it: a generated file may differ with it. Tests and stamps are not built. */
function digest(sources) {
  const hash = createHash('sha256').update(process.version);
  for (const file of sources.flatMap(filesUnder).sort()) {
    if (/\.spec\.ts$|\/\.made-from$/.test(file)) continue;
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** What a tool prints is of interest only when it fails. */
async function quietly(program, args, env) {
  const output = [];
  const code = await run(process.execPath, [program, ...args], {
    env,
    onOutput: (chunk) => output.push(chunk),
  });
  if (code === 0) return;
  console.log('failed');
  process.stderr.write(Buffer.concat(output));
  process.exit(code);
}
