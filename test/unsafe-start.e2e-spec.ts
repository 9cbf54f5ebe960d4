import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { SupervisedProcess } from '../src/database/embedded/supervised-process.js';
import { postgresAccount } from '../src/database/embedded/postgres-account.js';
import { postgresBinaries } from '../src/database/embedded/postgres-binaries.js';
import { postgresHome, shelf } from '../src/database/embedded/postgres-home.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { deployMigrations } from '../src/database/migrations.js';
import { send } from './support/device.js';
import { aKey } from './support/keys.js';
import { scratchFolder } from './support/scratch-folder.js';
import { spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const MAIN = join(import.meta.dirname, '..', 'dist', 'main.js');

/** In every secret of these configurations; it must not be in anything that is printed. */
const CANARY = 'canary-5f1e';

type Variables = Record<string, string>;

/** Starts the service with these variables alone; one that does start is stopped, and gives no exit code. */
function start(variables: Variables): Promise<{ exitCode: number | null; lines: string[] }> {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, PORT: '0', ...variables } });
  let text = '';
  const onOutput = (chunk: Buffer): void => {
    text += chunk.toString();
    // The last thing that a start says.
    if (text.includes('The data is in')) child.kill('SIGKILL');
  };
  child.stdout.on('data', onOutput);
  child.stderr.on('data', onOutput);
  return new Promise((resolve) =>
    child.on('close', (exitCode) => resolve({ exitCode, lines: text.trim().split('\n') })),
  );
}

let database: TestDatabase;
let role: string;
/** What production needs to start: a database with an admin's key, and an ordinary role on it. */
let safe: Variables;

beforeAll(async () => {
  database = await TestDatabase.create();
  role = `pisync_app_${process.pid}_${Date.now()}`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${CANARY}'`);
  await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
  await database.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = CANARY;
  safe = { NODE_ENV: 'production', HOST: '127.0.0.1', DATABASE_URL: url.href };
});

beforeEach(async () => {
  await database.truncate();
  await aKey(database, 'admin');
});

afterAll(async () => {
  await database.query(`DROP OWNED BY ${role}`);
  await database.query(`DROP ROLE ${role}`);
  await database.drop();
});

function as(user: string, password: string): string {
  const url = new URL(database.url);
  url.username = user;
  url.password = password;
  return url.href;
}

/** Holds that a configuration is refused for this one reason, in one line that repeats no secret. */
async function expectRefused(variables: Variables, problem: RegExp): Promise<void> {
  const { exitCode, lines } = await start(variables);
  expect({ lines, exitCode }).toEqual({ lines: [expect.stringMatching(problem)], exitCode: 78 });
  expect(lines[0]).toMatch(/^PiSync cannot start: [A-Z_]+ /);
  expect(lines[0]).not.toContain(CANARY);
}

describe('A configuration that is not safe', () => {
  it.each<[string, Variables, RegExp]>([
    ['keys off in production', { AUTH_MODE: 'off' }, /AUTH_MODE must be on in production/],
    [
      'keys off, and open to the network',
      { NODE_ENV: '', AUTH_MODE: 'off', HOST: '0.0.0.0' },
      /AUTH_MODE must be on while HOST/,
    ],
    [
      'keys off, and open to the network by IPv6',
      { NODE_ENV: '', AUTH_MODE: 'off', HOST: '::' },
      /AUTH_MODE must be on while HOST/,
    ],
    [
      'keys off, at an address of the network',
      { NODE_ENV: 'test', AUTH_MODE: 'off', HOST: '192.168.1.10' },
      /AUTH_MODE must be on while HOST/,
    ],
    [
      'keys off, at a name that may lead anywhere',
      { NODE_ENV: '', AUTH_MODE: 'off', HOST: 'pisync.example' },
      /AUTH_MODE must be on while HOST/,
    ],
    ['something between on and off', { AUTH_MODE: 'maybe' }, /AUTH_MODE must be /],
    ['an environment that nobody knows', { NODE_ENV: 'prod' }, /NODE_ENV must be /],
    ['production on the embedded PostgreSQL', { DATABASE_URL: '' }, /DATABASE_URL is required in production/],
    [
      'the password of .env.example',
      { DATABASE_URL: 'postgresql://pisync:password@localhost:5432/pisync' },
      /DATABASE_URL has a password that everybody tries/,
    ],
    [
      'a password that everybody tries',
      { DATABASE_URL: 'postgresql://pisync:PostgreS@db/pisync' },
      /DATABASE_URL has a password that everybody tries/,
    ],
    ['every proxy trusted', { TRUST_PROXY: 'true' }, /TRUST_PROXY must be /],
    ['as many proxies as a client claims', { TRUST_PROXY: '1' }, /TRUST_PROXY must be /],
    ['every address trusted as a proxy', { TRUST_PROXY: '0.0.0.0/0' }, /TRUST_PROXY must be /],
    ['every web page allowed', { CORS_ORIGINS: '*' }, /CORS_ORIGINS must be /],
    [
      'keys believed for longer than revoking may take',
      { KEY_CACHE_SECONDS: '31' },
      /KEY_CACHE_SECONDS must be /,
    ],
  ])('does not start: %s', async (_, variables, problem) => {
    await expectRefused({ ...safe, ...variables }, problem);
  });

  it('is told in all its problems at once', async () => {
    const { exitCode, lines } = await start({
      ...safe,
      AUTH_MODE: 'off',
      CORS_ORIGINS: '*',
      DATABASE_URL: 'postgresql://pisync:password@db/pisync',
    });
    expect(exitCode).toBe(78);
    expect(lines.map((line) => line.split(' ')[3])).toEqual(['CORS_ORIGINS', 'DATABASE_URL', 'AUTH_MODE']);
  });
});

describe('A database that is not safe', () => {
  it('does not start production: without a key of an admin, whatever other keys there are', async () => {
    await database.truncate();
    await aKey(database, 'operator');
    await aKey(database, 'admin', { revokedAt: new Date() });
    await aKey(database, 'admin', { expiresAt: new Date(Date.now() - 1_000) });
    await expectRefused(
      safe,
      /no valid key of an admin.*npm run keys -- create --role admin --name "your name"$/,
    );
  });

  it('does not start without such a key wherever keys are asked for', async () => {
    await database.truncate();
    const own = { DATABASE_URL: database.url };
    await expectRefused({ ...own, AUTH_MODE: 'on' }, /no valid key of an admin/);
    await expectRefused({ ...own, HOST: '0.0.0.0' }, /no valid key of an admin/);
    await expectRefused({ ...own, HOST: '::' }, /no valid key of an admin/);
  });

  it('does not start production: as a superuser', async () => {
    const boss = `pisync_boss_${process.pid}_${Date.now()}`;
    await database.query(`CREATE ROLE ${boss} LOGIN SUPERUSER PASSWORD '${CANARY}'`);
    await expectRefused({ ...safe, DATABASE_URL: as(boss, CANARY) }, /DATABASE_URL names a superuser/);
    await database.query(`DROP ROLE ${boss}`);
  });

  it('does not start production: with synchronous_commit off for the role', async () => {
    await database.query(`ALTER ROLE ${role} SET synchronous_commit = off`);
    await expectRefused(safe, /synchronous_commit=off/);
    await database.query(`ALTER ROLE ${role} RESET synchronous_commit`);
  });

  it('does not start production: on a server that does not write to its disk', async () => {
    const dataDir = scratchFolder();
    const first = await EmbeddedPostgres.start(dataDir);
    await deployMigrations(first.url);
    const client = new Client({ connectionString: first.url });
    await client.connect();
    await client.query(`CREATE ROLE app LOGIN PASSWORD '${CANARY}'`);
    await client.query('GRANT ALL ON ALL TABLES IN SCHEMA public TO app');
    await aKey({ query: async (sql, values) => (await client.query(sql, values)).rows as never }, 'admin');
    await client.end();
    await first.stop();

    // The service's own server cannot be made unsafe: it is started here as an administrator might.
    const url = new URL(first.url);
    url.username = 'app';
    url.password = CANARY;
    const server = careless(join(dataDir, 'postgres'), url.port);
    await untilItAnswers(url.href);
    const { exitCode, lines } = await start({ ...safe, DATABASE_URL: url.href });
    await server.interrupt();
    rmSync(dataDir, { recursive: true, force: true });
    expect({ lines, exitCode }).toEqual({
      lines: [expect.stringMatching(/fsync=off/), expect.stringMatching(/full_page_writes=off/)],
      exitCode: 78,
    });
  }, 60_000);
});

describe('A configuration that is safe', () => {
  it('starts in production, and asks for keys without being told to', async () => {
    const service = await spawnService(safe.DATABASE_URL, { NODE_ENV: 'production' });
    expect((await send(`${service.url}/api/stats`)).status).toBe(401);
    const { headers } = await aKey(database, 'viewer');
    expect((await send(`${service.url}/api/stats`, { headers })).status).toBe(200);
    expect(await service.kill()).toBe(0);
  });

  it('starts open to the network once there is a key', async () => {
    expect(await start({ DATABASE_URL: database.url, HOST: '0.0.0.0' })).toMatchObject({ exitCode: null });
  });

  it.each(['127.0.0.1', '127.8.9.10', 'localhost', '::1'])(
    'asks nobody for a key while only this machine reaches it, at %s, and says so in a line',
    async (host) => {
      const { exitCode, lines } = await start({ DATABASE_URL: database.url, HOST: host });
      expect(exitCode).toBeNull();
      expect(lines.filter((line) => line.includes('AUTH_MODE=off'))).toHaveLength(1);
    },
  );
});

function careless(project: string, port: string): SupervisedProcess {
  const home = postgresHome(project, postgresAccount(join(project, 'data')));
  const account = postgresAccount(join(home, 'data'));
  const log = openSync(join(home, 'careless.log'), 'a');
  try {
    return SupervisedProcess.start(account, log, postgresBinaries(account, shelf()).postgres, [
      ...['-D', join(home, 'data'), `--port=${port}`, '--listen_addresses=127.0.0.1'],
      ...['--unix_socket_directories=', '--fsync=off', '--full_page_writes=off'],
    ]);
  } finally {
    closeSync(log);
  }
}

async function untilItAnswers(url: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; await delay(50)) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
