import { aDevice } from './support/device.js';
import { eventually } from './support/eventually.js';
import { devices, Outbox, SENDING, told } from './support/outbox.js';
import { Receiver } from './support/receiver.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const DEVICES = 300;
const THIRD_FAILURES = 50;

describe('Two replicas with two channels', () => {
  let database: TestDatabase;
  let outbox: Outbox;
  let replicas: SpawnedService[];
  let receivers: Receiver[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    outbox = new Outbox(database);
    receivers = await Promise.all([Receiver.start(), Receiver.start()]);
    for (const receiver of receivers) await outbox.addWebhook(receiver.url());
    const settings = { ...SENDING, ALERT_DIGEST_OVER: '0', DEVICE_REQUESTS_PER_MINUTE: '1000000' };
    replicas = await Promise.all([
      spawnService(database.url, settings),
      spawnService(database.url, settings),
    ]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await database.drop();
  });

  it(`tell each channel once of each of ${DEVICES} devices whose ${THIRD_FAILURES} third failures arrive at the same moment`, async () => {
    const ids = devices(DEVICES, 'third');
    for (const id of ids) {
      await aDevice(replicas[0], id).reportsInTurn('failed', 'failed');
      const answers = await Promise.all(
        Array.from({ length: THIRD_FAILURES }, (_, place) =>
          aDevice(replicas[place % 2], id).reports('failed'),
        ),
      );
      expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    }
    for (const receiver of receivers) {
      await eventually('every alert', () => receiver.received.length >= DEVICES);
      const messages = told(receiver.received);
      expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(['alert.opened']));
      expect(messages.map(({ data }) => data.alert?.device_id).sort()).toEqual(ids);
      expect(new Set(messages.map(({ id }) => id)).size).toBe(DEVICES);
    }
    const [counts] = await database.query(
      `SELECT (SELECT count(*)::int FROM alerts) AS alerts, count(*)::int AS notifications FROM notifications`,
    );
    // The log's among them.
    expect(counts).toEqual({ alerts: DEVICES, notifications: 3 * DEVICES });
    const lines = (): string[] =>
      replicas
        .flatMap((replica) => replica.lines)
        .filter((line) => line.includes('has failed 3 times in a row!'));
    // Lines and answers come by different ways.
    await eventually('every line', () => lines().length >= DEVICES);
    expect(lines()).toHaveLength(DEVICES);
  }, 180_000);
});
