import { INestApplication } from '@nestjs/common';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { AddressInfo, createServer, Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { TestDatabase } from './test-database.js';

/** Environment variables, by name, over those that every test service gets. */
export type Settings = Record<string, string>;

const ROOT = join(import.meta.dirname, '..', '..');
/** A first start makes a database and migrates it; generous, for machines that have other things to do. */
const READY_WITHIN_MS = 60_000;

/** The service within the test's own process, on a database of its own. */
export interface TestService {
  /** For example `http://127.0.0.1:43210`, without a slash at the end. */
  readonly url: string;
  readonly app: INestApplication;
  readonly database: TestDatabase;
  truncate(): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(settings: Settings = {}): Promise<TestService> {
  const database = await TestDatabase.create();
  try {
    // Only a test's own sweeps run, so that one that stops the clock is not overtaken.
    const quietly = { SWEEP_INTERVAL_SECONDS: '3600', ...settings };
    const app = await createApp(loadConfig(environment(database.url, quietly)), false);
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      app,
      database,
      truncate: () => database.truncate(),
      stop: async () => {
        await app.close();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** The service as people run it: a process that can be killed, and of which there can be two. */
export interface SpawnedService {
  readonly url: string;
  readonly pid: number;
  /** What it has printed so far, standard output and error, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends the signal (SIGTERM) and resolves when the process is gone, like `exited`. */
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/**
 * Starts the service and waits until it is ready. Without a database URL it brings its embedded one.
 *
 * @param program what to run, relative to the project's folder: `bin/start.mjs` is `npm start`.
 * @throws Error with what it printed, if it ends or is not ready within a minute.
 */
export async function spawnService(
  databaseUrl: string | undefined,
  settings: Settings = {},
  program = 'dist/main.js',
): Promise<SpawnedService> {
  const port = Number(settings.PORT ?? (await freePort()));
  const child = spawn(process.execPath, [join(ROOT, program)], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment(databaseUrl, { ...settings, PORT: String(port) }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const service = new ChildService(`http://127.0.0.1:${port}`, child);
  await service.ready();
  return service;
}

class ChildService implements SpawnedService {
  readonly lines: string[] = [];
  readonly exited: Promise<number | NodeJS.Signals>;

  constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {
    this.exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  async ready(): Promise<void> {
    for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline; await delay(25)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) break;
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) return;
    }
    const outcome = this.child.exitCode ?? 'not ready';
    await this.kill('SIGKILL');
    throw new Error(`The service did not start (${outcome}):\n${this.lines.join('\n')}`);
  }

  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exited;
  }
}

function environment(databaseUrl: string | undefined, settings: Settings): Settings {
  return {
    NODE_ENV: 'test',
    // An empty one counts as none, and keeps a .env file from setting it.
    DATABASE_URL: databaseUrl ?? '',
    ...settings,
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
