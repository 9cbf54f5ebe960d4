import { aDevice } from './support/device.js';
import { expectProblem } from './support/problems.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';
import { uploads } from './support/upload.js';

const OTHER_BACKENDS_AT_WORK = `pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'`;

describe('An upload while the database goes away', () => {
  let database: TestDatabase;
  let line: TcpProxy;
  let service: SpawnedService;

  beforeAll(async () => {
    database = await TestDatabase.create();
    const { hostname, port } = new URL(database.url);
    line = await TcpProxy.start({ host: hostname, port: Number(port) });
    service = await spawnService(line.through(database.url), { DEVICE_REQUESTS_PER_MINUTE: '1000000' });
  });

  afterAll(async () => {
    await service.kill();
    await line.stop();
    await database.drop();
  });

  it('is a 503, is stored whole or not at all, and each event once when it is sent again', async () => {
    const device = aDevice(service);
    const events = Array.from({ length: 1_000 }, (_, number) =>
      device.event('ok', { at: new Date(Date.UTC(2026, 2, 1, 8, number)), eventId: `e${number}` }),
    );
    const count = async (sql: string): Promise<number> =>
      (await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${sql}`))[0].count;
    const { target } = line;
    await database.query('BEGIN');
    await database.query('LOCK TABLE devices IN SHARE ROW EXCLUSIVE MODE');
    const answer = uploads(service, events);
    while ((await count('pg_locks WHERE NOT granted')) === 0);
    line.target = null;
    line.cut();
    const { status, headers } = await answer;
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expectProblem(await answer, 503, 'database-unavailable');

    // PostgreSQL may have had the whole write, and may commit it now: nobody here can tell.
    await database.query('COMMIT');
    while ((await count(OTHER_BACKENDS_AT_WORK)) > 0);
    const stored = await count('sync_events');
    expect([0, 1_000]).toContain(stored);

    line.target = target;
    let again = await uploads(service, events);
    while (again.status === 503) again = await uploads(service, events);
    expect(again.body).toMatchObject({ recorded: 1_000 - stored, duplicates: stored });
    expect(await count('sync_events')).toBe(1_000);
  }, 120_000);
});
