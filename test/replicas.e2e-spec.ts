import { aDevice } from './support/device.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const DEVICES = 300;
const ROUNDS = 10;

describe('Two replicas on one database', () => {
  let database: TestDatabase;
  let replicas: SpawnedService[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    replicas = await Promise.all([spawnService(database.url), spawnService(database.url)]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.drop();
  });

  it(`raise one alert a device when three failures of ${DEVICES} devices arrive at the same moment`, async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const ids = Array.from({ length: DEVICES }, (_, number) => `round${round}-${number}`);
      const answers = await Promise.all(
        ids.flatMap((id) =>
          [0, 1, 2].map((failure) =>
            aDevice(replicas[failure % 2], id).reports('failed', { at: '2026-05-04T10:30:00Z' }),
          ),
        ),
      );
      expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
      const [{ alerts, devices }] = await database.query<{ alerts: number; devices: number }>(
        `SELECT count(*)::int AS alerts, count(DISTINCT device_id)::int AS devices
         FROM alerts WHERE starts_with(device_id, $1)`,
        [`round${round}-`],
      );
      expect({ round, alerts, devices }).toEqual({ round, alerts: DEVICES, devices: DEVICES });
    }
    const lines = replicas
      .flatMap((replica) => replica.lines)
      .filter((line) => line.includes('has failed 3 times in a row!'));
    expect(lines).toHaveLength(DEVICES * ROUNDS);
  }, 180_000);
});
