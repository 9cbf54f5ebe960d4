import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { DataFolderInUse } from '../src/database/embedded/data-folder-lock.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { scratchFolder } from './support/scratch-folder.js';

describe('The embedded PostgreSQL', () => {
  const started: EmbeddedPostgres[] = [];
  const owners: ChildProcess[] = [];
  let dataDir: string;

  beforeEach(() => {
    dataDir = scratchFolder();
  });

  afterEach(async () => {
    for (const owner of owners.splice(0)) owner.kill('SIGKILL');
    for (const postgres of started.splice(0)) await postgres.stop();
    // A server whose owner was killed a moment ago may still be writing its last page.
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  it('starts on an empty folder and keeps what is stored over a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE reports AS SELECT 7 AS device');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'SELECT device FROM reports')).toEqual([{ device: 7 }]);
  });

  it('confirms a write only when it is on the disk', async () => {
    const { url } = await start();
    const settings = await query(
      url,
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'on'`,
    );
    expect(settings).toHaveLength(3);
  });

  it('runs PostgreSQL as an ordinary user, whoever runs the service', async () => {
    await start();
    expect(ownerOf(serverPid())).toBeGreaterThan(0);
    expect(statSync(join(dataDir, 'postgres', 'data')).uid).toBe(ownerOf(serverPid()));
  });

  it('listens on the loopback address only and lets nobody in without the password', async () => {
    const { url } = await start();
    expect(await query(url, `SELECT setting FROM pg_settings WHERE name = 'listen_addresses'`)).toEqual([
      { setting: '127.0.0.1' },
    ]);
    const stranger = new URL(url);
    stranger.password = 'wrong';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('leaves its URL for other tools, for their owner only, and only while it runs', async () => {
    const postgres = await start();
    const file = join(dataDir, 'postgres', 'url');
    expect(readFileSync(file, 'utf8').trim()).toBe(postgres.url);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await postgres.stop();
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a second copy on the same folder and names the process that holds it', async () => {
    await start();
    const refusal = await EmbeddedPostgres.start(dataDir).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DataFolderInUse);
    expect(refusal).toMatchObject({ pid: process.pid });
  });

  it('refuses a copy in another process too', async () => {
    const owner = await startOwner();
    await expect(EmbeddedPostgres.start(dataDir)).rejects.toMatchObject({
      name: 'DataFolderInUse',
      pid: owner.pid,
    });
  });

  it('stops by itself when its owner is killed', async () => {
    const owner = await startOwner();
    const pid = serverPid();
    await kill(owner);
    await until(() => !isRunning(pid));
  });

  it('outlives a Ctrl-C that its owner handles', async () => {
    const owner = await startOwner({ ignoresSignals: true });
    const pid = serverPid();
    process.kill(-(owner.pid ?? 0), 'SIGINT');
    await delay(300);
    expect(isRunning(pid)).toBe(true);
  });

  it('starts at once after its owner was killed, with everything that was committed', async () => {
    const owner = await startOwner();
    await query(urlLeftBehind(), 'CREATE TABLE reports AS SELECT 7 AS device');
    await kill(owner);
    const { url } = await start();
    expect(await query(url, 'SELECT device FROM reports')).toEqual([{ device: 7 }]);
  });

  it('recovers when server and owner were killed together', async () => {
    const owner = await startOwner();
    await query(urlLeftBehind(), 'CREATE TABLE reports AS SELECT 7 AS device');
    process.kill(serverPid(), 'SIGKILL');
    await kill(owner);
    const { url } = await start();
    expect(await query(url, 'SELECT device FROM reports')).toEqual([{ device: 7 }]);
  });

  it('takes over a folder whose killed owner’s and server’s numbers now belong to other programs', async () => {
    await (await start()).stop();
    // Run by PostgreSQL's account, as the server was: of another user's process PostgreSQL itself knows better.
    const { uid, gid } = statSync(join(dataDir, 'postgres', 'data'));
    const stranger = spawn('sleep', ['60'], { uid, gid });
    owners.push(stranger);
    const owner = { pid: stranger.pid, birth: 'before the last reboot' };
    writeFileSync(join(dataDir, 'postgres', 'owner.json'), JSON.stringify(owner));
    writeFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), `${stranger.pid}\n`);
    expect(await query((await start()).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('repairs a first start that was interrupted', async () => {
    const owner = spawnOwner();
    const home = join(dataDir, 'postgres');
    const isHalfMade = () =>
      existsSync(home) && readdirSync(home).some((name) => name.startsWith('data.new-'));
    await until(isHalfMade);
    await kill(owner);
    expect(await query((await start()).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(isHalfMade()).toBe(false);
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;

  asRoot(
    'keeps the data elsewhere if PostgreSQL’s account cannot reach the folder, and says where',
    async () => {
      const closed = join(dataDir, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const postgres = await EmbeddedPostgres.start(closed);
      started.push(postgres);
      try {
        expect(postgres.folder).toMatch(/^\/var\/lib\/pisync\/[0-9a-f]{16}$/);
        expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        expect(readFileSync(join(closed, 'postgres', 'location'), 'utf8').trim()).toBe(postgres.folder);
      } finally {
        await postgres.stop();
        rmSync(postgres.folder, { recursive: true, force: true });
      }
    },
  );

  async function start(): Promise<EmbeddedPostgres> {
    const postgres = await EmbeddedPostgres.start(dataDir);
    started.push(postgres);
    return postgres;
  }

  /** Another process that starts the server and holds it, in a process group of its own like a terminal's. */
  function spawnOwner({ ignoresSignals = false } = {}): ChildProcess {
    const built = new URL('../dist/database/embedded-postgres.js', import.meta.url).href;
    const program = `
      import { EmbeddedPostgres } from ${JSON.stringify(built)};
      ${ignoresSignals ? `process.on('SIGINT', () => undefined);` : ''}
      await EmbeddedPostgres.start(${JSON.stringify(dataDir)});
      console.log('started');
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    owners.push(owner);
    return owner;
  }

  async function startOwner(options?: { ignoresSignals: boolean }): Promise<ChildProcess> {
    const owner = spawnOwner(options);
    if (owner.stdout) await once(createInterface({ input: owner.stdout }), 'line');
    return owner;
  }

  function serverPid(): number {
    return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10);
  }

  function urlLeftBehind(): string {
    return readFileSync(join(dataDir, 'postgres', 'url'), 'utf8').trim();
  }
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

async function kill(owner: ChildProcess): Promise<void> {
  owner.kill('SIGKILL');
  await once(owner, 'exit');
}

function ownerOf(pid: number): number {
  return Number(spawnSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
}

function isRunning(pid: number): boolean {
  return !['', 'Z'].includes(
    spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
      .stdout.trim()
      .slice(0, 1),
  );
}

/** Waits at most five seconds. */
async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !condition(); await delay(5)) {
    if (Date.now() > deadline) throw new Error(`This did not come true: ${condition}`);
  }
}
