import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { AddressInfo, connect, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { aDevice, send } from './support/device.js';
import { spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const MAIN = join(import.meta.dirname, '..', 'dist', 'main.js');

/** Starts the service with these variables alone, and gives how it ended. */
function start(variables: Record<string, string>): Promise<{ exitCode: number | null; text: string }> {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...variables } });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, text })));
}

let database: TestDatabase;
beforeEach(async () => (database = await TestDatabase.create()));
afterEach(() => database.drop());

describe('A start that cannot succeed', () => {
  it('names every problem of the configuration in a line, and no secret', async () => {
    const { exitCode, text } = await start({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://root:canary@db/x',
    });
    expect(exitCode).toBe(78);
    expect(text.trim().split('\n')).toEqual([
      expect.stringMatching(/^PiSync cannot start: PORT must be /),
      expect.stringMatching(/^PiSync cannot start: DATABASE_URL must be /),
      expect.stringMatching(/^PiSync cannot start: LOG_LEVEL must be /),
    ]);
    expect(text).not.toContain('canary');
  });

  it('in production wants a database', async () => {
    const { exitCode, text } = await start({ NODE_ENV: 'production' });
    expect([exitCode, text]).toEqual([
      78,
      expect.stringMatching(/^PiSync cannot start: DATABASE_URL [^\n]*\n$/),
    ]);
  });

  it('says which database does not answer, without its password', async () => {
    const { exitCode, text } = await start({ DATABASE_URL: 'postgresql://pisync:canary@127.0.0.1:1/fleet' });
    expect(exitCode).toBe(1);
    expect(text).toMatch(
      /^PiSync cannot start: the database 127\.0\.0\.1:1\/fleet does not answer: [^\n]*\n$/,
    );
    expect(text).not.toContain('canary');
  });

  it('says how to migrate a database that lacks migrations, and leaves it as it is', async () => {
    await database.query('DELETE FROM _prisma_migrations');
    const { exitCode, text } = await start({ DATABASE_URL: database.url });
    expect(exitCode).toBe(1);
    expect(text).toMatch(
      /^PiSync cannot start: [^\n]*npx prisma migrate deploy[^\n]*MIGRATE_ON_START=true[^\n]*\n$/,
    );
    expect(await database.query('SELECT FROM _prisma_migrations')).toHaveLength(0);
  });

  it('says which port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const { exitCode, text } = await start({ DATABASE_URL: database.url, PORT: String(port) });
      expect(exitCode).toBe(1);
      expect(text).toMatch(
        new RegExp(`^PiSync cannot start: port ${port} of 127\\.0\\.0\\.1 is in use[^\\n]*\\n$`),
      );
    } finally {
      other.close();
    }
  });
});

describe('A stop', () => {
  it('answers what has arrived, tells clients to go, and ends with 0', async () => {
    const service = await spawnService(database.url);
    const reports = Array.from({ length: 200 }, () =>
      aDevice(service)
        .reports('failed')
        .catch(() => undefined),
    );
    await Promise.race(reports);
    expect(await service.kill('SIGTERM')).toBe(0);
    const answered = (await Promise.all(reports)).filter((answer) => answer?.status === 201);
    expect(await database.query('SELECT FROM sync_events')).toHaveLength(answered.length);
    expect(answered.length).toBeGreaterThan(0);
  });

  it('waits for a request that is half here, and closes its connection after the answer', async () => {
    const service = await spawnService(database.url);
    const body = JSON.stringify({ device_id: 'PIBOX-7', total_files_synced: 0, total_errors: 0 });
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const answer = everythingFrom(socket);
    socket.write('POST /api/sync-event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    socket.write(`Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    await delay(100);
    const stopped = service.kill('SIGTERM');
    await delay(200);
    socket.write(body.slice(10));
    expect(await answer).toMatch(/^HTTP\/1\.1 201 .*\r\nConnection: close\r\n/s);
    expect(await stopped).toBe(0);
  });

  it('does not wait for connections without a request', async () => {
    const service = await spawnService(database.url);
    const idle = connect(Number(new URL(service.url).port), '127.0.0.1');
    idle.on('error', () => undefined);
    await send(`${service.url}/health/live`);
    const startedAt = Date.now();
    expect(await service.kill('SIGINT')).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
    idle.destroy();
  });

  it('happens at once at the second signal', async () => {
    const service = await spawnService(database.url);
    const stuck = connect(Number(new URL(service.url).port), '127.0.0.1');
    stuck.on('error', () => undefined);
    stuck.write(
      'POST /api/sync-event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await delay(100);
    const exited = service.kill('SIGTERM');
    await delay(1_200);
    process.kill(service.pid, 'SIGTERM');
    expect(await exited).toBe(1);
    stuck.destroy();
  });
});

function everythingFrom(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  return new Promise((resolve, reject) => socket.on('close', () => resolve(text)).on('error', reject));
}
