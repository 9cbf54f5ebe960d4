import { aDevice } from './support/device.js';
import { expectProblem } from './support/problems.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';
import { uploads } from './support/upload.js';

describe('An upload while the database goes away', () => {
  let database: TestDatabase;
  let line: TcpProxy;
  let service: SpawnedService;

  beforeAll(async () => {
    database = await TestDatabase.create();
    const { hostname, port } = new URL(database.url);
    line = await TcpProxy.start({ host: hostname, port: Number(port) });
    // Small writes, so that an upload takes many of them.
    service = await spawnService(line.through(database.url), {
      RECORDER_BATCH_SIZE: '25',
      RECORDER_WRITERS: '1',
      DEVICE_REQUESTS_PER_MINUTE: '1000000',
    });
  });

  afterAll(async () => {
    await service.kill();
    await line.stop();
    await database.drop();
  });

  it('is a 503 as a whole when part of it is stored, and complete when sent again', async () => {
    const device = aDevice(service);
    const events = Array.from({ length: 1_000 }, (_, number) =>
      device.event('ok', { at: new Date(Date.UTC(2026, 2, 1, 8, number)), eventId: `e${number}` }),
    );
    const storedCount = async (): Promise<number> =>
      (await database.query<{ count: number }>('SELECT count(*)::int AS count FROM sync_events'))[0].count;
    const { target } = line;
    const answer = uploads(service, events);
    while ((await storedCount()) === 0);
    line.target = null;
    line.cut();
    const { status, headers } = await answer;
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expectProblem(await answer, 503, 'database-unavailable');
    const stored = await storedCount();
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(1_000);

    line.target = target;
    let again = await uploads(service, events);
    while (again.status === 503) again = await uploads(service, events);
    expect(again.body).toMatchObject({ recorded: 1_000 - stored, duplicates: stored });
    expect(await storedCount()).toBe(1_000);
  }, 120_000);
});
