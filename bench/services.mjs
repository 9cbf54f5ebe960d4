import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../dist/database/embedded-postgres.js';
import { deployMigrations } from '../dist/database/migrations.js';

const PROGRAMS = { ours: 'dist/main.js', ordinary: 'bench/ordinary-express.mjs' };

/** Long enough for a cold start on a slow machine. */
const READY_WITHIN_MS = 30_000;

/**
 * Starts the named programs, each with a database of its own on one PostgreSQL: the server that BENCH_SERVER_URL
 * names, or an embedded one in a folder that is deleted afterwards.
 *
 * @returns an array of services with `stopDatabase()` beside them
 */
export async function startServices(names) {
  const server = await startServer();
  const services = [];
  try {
    for (const name of names) services.push(await startService(name, server.url));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return Object.assign(services, { stopDatabase: server.stop });
}

/** The PostgreSQL that BENCH_SERVER_URL names, or an embedded one. */
export async function startServer() {
  if (process.env.BENCH_SERVER_URL) return { url: process.env.BENCH_SERVER_URL, stop: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'pisync-bench-'));
  // Under root PostgreSQL runs as another user, who has to pass through: else the data would be kept elsewhere.
  await chmod(folder, 0o711);
  const postgres = await EmbeddedPostgres.start(folder);
  return {
    url: postgres.url,
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startService(name, serverUrl) {
  const databaseUrl = await createDatabase(serverUrl, `pisync_bench_${name}`);
  if (name === 'ours') await deployMigrations(databaseUrl);
  const port = await freePort();
  const child = spawn(process.execPath, [PROGRAMS[name]], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url, child);
  return {
    name,
    url,
    acknowledged: 0,
    storedEvents: () => countEvents(databaseUrl),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function createDatabase(serverUrl, name) {
  await withClient(serverUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
  });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function countEvents(databaseUrl) {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query('SELECT count(*)::int AS count FROM sync_events');
    return rows[0].count;
  });
}

async function withClient(connectionString, use) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function untilAnswers(url, child) {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (Date.now() < giveUpAt) {
    if (child.exitCode !== null)
      throw new Error(`A service ended with ${child.exitCode} before it answered.`);
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not answer within ${READY_WITHIN_MS} ms.`);
}
