import { closeSync, rmSync } from 'node:fs';
import { AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { DataFolderLock } from './embedded/data-folder-lock.js';
import { stopOrphan } from './embedded/orphaned-server.js';
import { PostgresAccount, postgresAccount } from './embedded/postgres-account.js';
import { PostgresBinaries, postgresBinaries } from './embedded/postgres-binaries.js';
import { createClusterOnce } from './embedded/postgres-cluster.js';
import { passwordIn, postgresHome, shelf, writePrivately } from './embedded/postgres-home.js';
import { lastLines, openLog } from './embedded/postgres-log.js';
import { SupervisedProcess } from './embedded/supervised-process.js';

/** The database, and the name of the user who owns the server. */
const DATABASE = 'pisync';

/** What differs from PostgreSQL's own defaults, which are durable (fsync, full_page_writes). */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Promise P1 rests on these two; said aloud so that nobody has to look the defaults up.
  fsync: 'on',
  synchronous_commit: 'on',
  // A small machine: PostgreSQL shares it with the service, and few queries are worth compiling.
  shared_buffers: '128MB',
  max_wal_size: '512MB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

/** The port can be taken between choosing and using it, and a killed server's last processes linger a moment. */
const START_ATTEMPTS = 5;

/**
 * A real PostgreSQL server of our own, on 127.0.0.1 and a free port, its data under `<dataDir>/postgres/`
 * (see postgresHome() for when it is elsewhere). It lives as long as this process: stopped by stop(), by
 * the end of the process, and even by its being killed.
 */
export class EmbeddedPostgres {
  private stopped = false;

  private constructor(
    /** Connection URL of the database owner. Also in `<dataDir>/postgres/url` (mode 0600) while it runs. */
    readonly url: string,
    /** The folder that really holds the data. */
    readonly folder: string,
    private readonly urlFile: string,
    private readonly lock: DataFolderLock,
    private readonly server: SupervisedProcess,
  ) {}

  /**
   * Starts the server, and makes the database cluster at the first start.
   *
   * @throws DataFolderInUse if another running service holds the folder; Error, in words for the person at
   *   the terminal, if PostgreSQL cannot run here or does not start.
   */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    const project = resolve(dataDir, 'postgres');
    const home = postgresHome(project, postgresAccount(join(project, 'data')));
    const account = postgresAccount(join(home, 'data'));
    const lock = DataFolderLock.take(home);
    try {
      const binaries = postgresBinaries(account, shelf());
      const log = openLog(home);
      try {
        const { file, password } = passwordIn(home, account);
        await stopOrphan(join(home, 'data'));
        await createClusterOnce(home, account, binaries, { name: DATABASE, passwordFile: file }, log);
        const { server, port } = await startServer(home, account, binaries, password, log);
        const url = urlOf(port, password, DATABASE);
        const urlFile = join(project, 'url');
        writePrivately(urlFile, `${url}\n`);
        return new EmbeddedPostgres(url, home, urlFile, lock, server);
      } finally {
        closeSync(log);
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Ends all connections, saves everything and stops the server. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    rmSync(this.urlFile, { force: true });
    await this.server.interrupt();
    this.lock.release();
  }
}

async function startServer(
  home: string,
  account: PostgresAccount,
  binaries: PostgresBinaries,
  password: string,
  log: number,
): Promise<{ server: SupervisedProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, port }).map(([name, value]) => `--${name}=${value}`);
    const options = ['-D', join(home, 'data'), ...settings];
    const server = SupervisedProcess.start(account, log, binaries.postgres, options);
    try {
      if (await answers(server, urlOf(port, password, 'postgres'))) {
        server.unref();
        return { server, port };
      }
    } catch (error) {
      await server.interrupt();
      throw error;
    }
    if (attempt === START_ATTEMPTS) throw new Error(`PostgreSQL did not start.\n${lastLines(home)}`);
    await delay(attempt * 200);
  }
}

/** Waits until the server lets us in (crash recovery may take its time) and makes sure of our database. */
async function answers(server: SupervisedProcess, url: string): Promise<boolean> {
  while (!server.hasExited) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined); // The same failure also rejects connect() or query().
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
      return true;
    } catch (error) {
      if (!isStillStarting(error)) throw error;
      await delay(20);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}

/** 57P03: "the database system is starting up". */
function isStillStarting(error: unknown): boolean {
  const { code, message } = error as { code?: string; message: string };
  return (
    code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03' || /terminated|timeout/.test(message)
  );
}

function urlOf(port: number, password: string, database: string): string {
  return `postgresql://${DATABASE}:${password}@127.0.0.1:${port}/${database}`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolved, rejected) => {
    probe.once('error', rejected);
    probe.listen(0, '127.0.0.1', resolved);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolved) => probe.close(resolved));
  return port;
}
