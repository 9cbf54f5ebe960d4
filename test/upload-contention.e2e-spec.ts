import { aDevice } from './support/device.js';
import { SpawnedService, spawnService } from './support/service.js';
import { AGREEMENT, disagreements } from './support/stored-truth.js';
import { TestDatabase } from './support/test-database.js';
import { uploads } from './support/upload.js';

const CLIENTS = 50;
const DEVICES = 200;
const ROUNDS = 4;

describe('Uploads that overlap', () => {
  let database: TestDatabase;
  let replicas: SpawnedService[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    const settings = {
      DEVICE_REQUESTS_PER_MINUTE: '1000000',
      DEVICE_EVENTS_PER_HOUR: '100000000',
      ADDRESS_REQUESTS_PER_MINUTE: '1000000',
    };
    replicas = await Promise.all([
      spawnService(database.url, settings),
      spawnService(database.url, settings),
    ]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.drop();
  });

  it(`in opposite orders, by ${CLIENTS} clients for the same ${DEVICES} devices, neither block each other nor fail`, async () => {
    const devices = Array.from({ length: DEVICES }, (_, number) => aDevice(replicas[0], `shared-${number}`));
    const acknowledged: {
      event: { deviceId: string; eventId: string; time: number; failed: boolean; files: number };
    }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          // One event of each device that all other clients send, too, and one of every other device of its own.
          const common = `round-${round}`;
          const sent = devices.flatMap((device, number) =>
            [common, ...(number % 2 ? [`${common}-client-${client}`] : [])].map((eventId) => {
              const failed = (number + round) % 3 > 0;
              const at = `2026-03-0${round + 1}T08:00:00Z`;
              acknowledged.push({
                event: { deviceId: device.id, eventId, time: Date.parse(at), failed, files: failed ? 0 : 12 },
              });
              return device.event(failed ? 'failed' : 'ok', { at, eventId });
            }),
          );
          if (client % 2 === 1) sent.reverse();
          const { status, body } = await uploads(replicas[(client % 4) >> 1], sent);
          expect({ ...body, status, results: undefined }).toMatchObject({
            status: 200,
            conflicts: 0,
            rejected: 0,
          });
          expect(body.recorded + body.duplicates).toBe(sent.length);
        }),
      );
    }
    const [{ events }] = await database.query<{ events: number }>(
      'SELECT count(*)::int AS events FROM sync_events',
    );
    expect(events).toBe(ROUNDS * (DEVICES + CLIENTS * (DEVICES / 2)));
    const [{ deadlocks }] = await database.query<{ deadlocks: number }>(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(deadlocks).toBe(0);
    expect(await disagreements(database, acknowledged)).toEqual(AGREEMENT);
  }, 180_000);
});
