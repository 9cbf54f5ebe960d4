// `npm run db:setup | db:migrate | db:status | db:rollback [-- N]`: what one does to the database by hand.
// Works on DATABASE_URL (the environment's, or else that of .env), or on the embedded PostgreSQL, which is
// started for the time of the command unless the service has it running.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureReady, fail, root, run } from './bootstrap.mjs';

const USAGE = `Usage:
  npm run db:setup            make the database and bring it up to date
  npm run db:migrate          apply the migrations that are pending
  npm run db:status           say which migrations are applied and which are pending
  npm run db:rollback [-- N]  take back the last N migrations (1), with the data in what they made`;

const PRISMA = 'node_modules/prisma/build/index.js';

const commands = {
  // Prisma makes the database itself if it is missing.
  setup: (url) => prisma(url, 'generate').then((code) => code || prisma(url, 'migrate', 'deploy')),
  migrate: (url) => prisma(url, 'migrate', 'deploy'),
  status: (url) => prisma(url, 'migrate', 'status'),
  rollback: rollBack,
};

const [name, ...args] = process.argv.slice(2);
const takesNumber = name === 'rollback' && args.length === 1 && /^[1-9]\d*$/.test(args[0]);
if (!Object.hasOwn(commands, name) || (args.length > 0 && !takesNumber)) fail(USAGE, 2);

await ensureReady();
if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
process.exitCode = process.env.DATABASE_URL
  ? await commands[name](process.env.DATABASE_URL, ...args)
  : await withEmbeddedPostgres((url) => commands[name](url, ...args));

function prisma(url, ...command) {
  const env = { DATABASE_URL: url, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  return run(process.execPath, [PRISMA, ...command], { env });
}

async function rollBack(url, count = '1') {
  const rollback = await import('../prisma/rollback.mjs');
  try {
    await rollback.rollBack(url, Number(count), undefined, (name) => console.log(`Rolled back ${name}`));
    return 0;
  } catch ({ message }) {
    console.error(message);
    return 1;
  }
}

/** @returns what `work` answers */
async function withEmbeddedPostgres(work) {
  const { borrowPostgres } = await import('../dist/database/borrowed-postgres.js');
  // Ctrl-C reaches the command too, which then ends; the server must be stopped after it.
  process.on('SIGINT', () => undefined);
  const postgres = await borrowPostgres(resolve(root, process.env.DATA_DIR || '.pisync')).catch(
    ({ message }) => fail(message),
  );
  try {
    return await work(postgres.url);
  } finally {
    await postgres.release();
  }
}
