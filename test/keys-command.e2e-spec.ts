import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { send } from './support/device.js';
import { sentAs } from './support/keys.js';
import { scratchFolder } from './support/scratch-folder.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const COMMAND = join(import.meta.dirname, '..', 'dist', 'keys.js');

/** A first start makes a database and migrates it. */
const LONG_ENOUGH_MS = 120_000;

interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

function keys(settings: Record<string, string>, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [COMMAND, ...args],
      { env: { PATH: process.env.PATH, ...settings } },
      (error, stdout, stderr) => resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('The keys command, on a database of one’s own', () => {
  let database: TestDatabase;
  let own: Record<string, string>;

  beforeAll(async () => {
    database = await TestDatabase.create();
    own = { DATABASE_URL: database.url };
  });

  afterAll(() => database.drop());

  it('makes the key that a service with AUTH_MODE=on does not start without', async () => {
    await expect(spawnService(database.url, { AUTH_MODE: 'on' })).rejects.toThrow(
      /PiSync cannot start: AUTH_MODE is on, .* npm run keys -- create --role admin --name/,
    );
    const { exitCode, stdout, stderr } = await keys(own, 'create', '--role', 'admin', '--name', 'Amina');
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^psk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}\n$/)]);
    const { id, key, headers } = sentAs(stdout.trim());
    expect(stderr).toContain(id);
    expect(stderr).not.toContain(key);
    const service = await spawnService(database.url, { AUTH_MODE: 'on' });
    const { status, body } = await send<object[]>(`${service.url}/api/keys`, { headers });
    expect([status, body]).toEqual([
      200,
      [expect.objectContaining({ id, name: 'Amina', role: 'admin', created_by: null })],
    ]);
    await service.kill();
  });

  it('lists keys and revokes them, and never shows a secret again', async () => {
    const made = await keys(
      own,
      'create',
      '--role',
      'fleet',
      '--name',
      'Kibera',
      '--max-uses',
      '3',
      '--per-hour',
      '2',
    );
    const { id, key } = sentAs(made.stdout.trim());
    const line = async (): Promise<string | undefined> => {
      const { stdout } = await keys(own, 'list');
      expect(stdout).not.toContain(key.slice(-43));
      return stdout.split('\n').find((row) => row.startsWith(id));
    };
    expect(await line()).toMatch(/\tfleet\tvalid until .*\tKibera$/);
    expect(await keys(own, 'revoke', id)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await line()).toMatch(/\tfleet\trevoked\t/);
    const noted = await database.query<{ action: string; details: object }>(
      'SELECT actor, action, resource, details, request_id FROM audit_log WHERE resource_id = $1 ORDER BY id',
      [id],
    );
    const byHand = { actor: 'command-line', resource: 'key', request_id: null };
    const expiresAt = expect.stringMatching(/^20.*Z$/) as string;
    expect(noted).toEqual([
      {
        ...byHand,
        action: 'key.created',
        details: {
          name: 'Kibera',
          role: 'fleet',
          expires_at: expiresAt,
          max_uses: 3,
          new_devices_per_hour: 2,
        },
      },
      { ...byHand, action: 'key.revoked', details: {} },
    ]);
  });

  it.each([
    [[], 2, /Usage:/],
    [['frobnicate'], 2, /Usage:/],
    [['create', '--role', 'king', '--name', 'x'], 2, /--role must be one of/],
    [['create', '--role', 'admin'], 2, /--name must be/],
    [['create', '--role', 'admin', '--name', 'x', '--secret', 'y'], 2, /--secret/],
    [['create', '--role', 'admin', '--name', 'x', '--expires', 'soon'], 2, /--expires must be/],
    [['create', '--role', 'fleet', '--name', 'x', '--max-uses', '0'], 2, /--max-uses must be/],
    [['create', '--role', 'device', '--name', 'x'], 1, /device_id: is required/],
    [['create', '--role', 'viewer', '--name', 'x', '--expires', '2020-01-01T00:00:00Z'], 1, /in the future/],
    [['revoke', 'psk_aaaaaaaaaaaaaaaa_x'], 2, /the id of one key/],
    [['revoke', 'aaaaaaaaaaaaaaaa'], 1, /There is no key/],
  ])('makes nothing of %j', async (args, exitCode, said) => {
    const before = await database.query('SELECT FROM access_keys');
    expect(await keys(own, ...args)).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(said) });
    expect(await database.query('SELECT FROM access_keys')).toHaveLength(before.length);
  });

  it('says what is wrong with the database, without its password', async () => {
    const away = await keys({ DATABASE_URL: 'postgresql://pisync:canary@127.0.0.1:1/fleet' }, 'list');
    expect(away).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/does not answer/) });
    expect(away.stderr).not.toContain('canary');
    const fresh = await TestDatabase.create();
    await fresh.query('DELETE FROM _prisma_migrations');
    const old = await keys({ DATABASE_URL: fresh.url }, 'list');
    expect(old).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/npx prisma migrate deploy/) });
    await fresh.drop();
  });
});

describe('The keys command, on the embedded PostgreSQL', () => {
  it(
    'works before the first start, and beside the running service',
    async () => {
      const dataDir = scratchFolder();
      let service: SpawnedService | undefined;
      try {
        const admin = await keys({ DATA_DIR: dataDir }, 'create', '--role', 'admin', '--name', 'Amina');
        expect(admin).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^psk_/) });
        service = await spawnService(undefined, { DATA_DIR: dataDir, AUTH_MODE: 'on' });
        const viewer = sentAs(
          (await keys({ DATA_DIR: dataDir }, 'create', '--role', 'viewer', '--name', 'B')).stdout.trim(),
        );
        expect((await send(`${service.url}/api/stats`, { headers: viewer.headers })).status).toBe(200);
        expect((await send(`${service.url}/api/keys`, { headers: viewer.headers })).status).toBe(403);
      } finally {
        await service?.kill();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
    LONG_ENOUGH_MS,
  );
});
