// `npm run check [-- part ...] [-- --skip part ...]`: everything that must hold before a change lands.
// Exits with 1, at the end, if any part failed.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureReady, fail, filesUnder, root, run } from './bootstrap.mjs';

/** Beyond this a file holds a second noun that wants a file of its own. */
const LONGEST_SOURCE = 250;

const PRISMA = 'node_modules/prisma/build/index.js';

/** Each resolves with whether it holds, and prints what does not. Quick ones first. */
const parts = {
  format: [
    'every file as Prettier writes it',
    () => runs('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  ],
  lint: [
    'no trap that oxlint knows',
    () => runs('node_modules/oxlint/bin/oxlint', '--deny-warnings', '--quiet'),
  ],
  size: [`no file in src/ above ${LONGEST_SOURCE} lines`, sourcesAreShort],
  lock: [
    'package-lock.json complete for every kind of machine',
    () => runs('bin/complete-lock.mjs', '--check'),
  ],
  imports: [
    'imports as docs/architecture.md allows them',
    () => runs('node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'src'),
  ],
  types: [
    'types of sources and tests',
    () => runs('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.test.json'),
  ],
  openapi: ['openapi.json as the code has it', () => runs('dist/openapi.js', '--check')],
  migrations: ['migrations lead to schema.prisma', migrationsMatchTheSchema],
  tests: ['unit and end-to-end tests', () => runs('bin/test.mjs')],
};

const chosen = partsToRun(process.argv.slice(2));
await ensureReady();
const failed = [];
for (const part of chosen) {
  const [promise, holds] = parts[part];
  console.log(`\n${part}: ${promise}`);
  const started = Date.now();
  const isKept = await holds();
  if (!isKept) failed.push(part);
  console.log(`${part}: ${isKept ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
console.log(failed.length === 0 ? '\nAll of it holds.' : `\nFailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

function partsToRun(args) {
  const named = { run: [], skip: [] };
  let list = named.run;
  for (const argument of args) {
    if (argument === '--skip') list = named.skip;
    else if (Object.hasOwn(parts, argument)) list.push(argument);
    else fail(`No part "${argument}". There are: ${Object.keys(parts).join(', ')}.`, 2);
  }
  const wanted = named.run.length === 0 ? Object.keys(parts) : named.run;
  return wanted.filter((part) => !named.skip.includes(part));
}

async function runs(program, ...args) {
  return (await run(process.execPath, [program, ...args])) === 0;
}

function sourcesAreShort() {
  const long = filesUnder('src')
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/generated/'))
    .map((file) => [file, readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length])
    .filter(([, lines]) => lines > LONGEST_SOURCE);
  for (const [file, lines] of long) console.error(`${file} has ${lines} lines.`);
  return long.length === 0;
}

/** Prisma applies the migrations to a shadow database, which takes a server. */
async function migrationsMatchTheSchema() {
  const difference = ['--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma'];
  return withServer(async (url) => {
    const env = { DATABASE_URL: url, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
    return (
      (await run(process.execPath, [PRISMA, 'migrate', 'diff', ...difference, '--exit-code'], { env })) === 0
    );
  });
}

async function withServer(use) {
  if (process.env.TEST_DATABASE_URL) return use(process.env.TEST_DATABASE_URL);
  const { EmbeddedPostgres } = await import('../dist/database/embedded-postgres.js');
  const folder = mkdtempSync(join(tmpdir(), 'pisync-check-'));
  // Under root PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o711);
  const postgres = await EmbeddedPostgres.start(folder);
  try {
    return await use(postgres.url);
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
