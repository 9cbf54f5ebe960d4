import { Client } from 'pg';
import fc from 'fast-check';
import { send } from './support/device.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const ROUNDS = 6;
const SEED = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000_000);

/** Few devices and messages, so that every row is written by many at once. Speeds whose sums are exact. */
const anEvent = fc.record({
  device_id: fc.integer({ min: 0, max: 30 }).map((number) => `device-${number}`),
  event_id: fc.option(fc.integer({ min: 0, max: 200 }).map(String), { nil: undefined }),
  timestamp: fc.integer({ min: 10, max: 59 }).map((second) => `2025-05-04T10:30:${second}Z`),
  total_files_synced: fc.integer({ min: 0, max: 5 }),
  total_errors: fc.integer({ min: 0, max: 1 }),
  internet_speed: fc.option(fc.integer({ min: 0, max: 40 }).map((quarter) => quarter / 4)),
  error_message: fc.constantFrom(undefined, 'no route', 'timeout after 3 s', 'timeout after 17 s'),
});

describe('The rollups', () => {
  let database: TestDatabase;
  let replicas: SpawnedService[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    replicas = await Promise.all([start(), start()]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.drop();
  });

  function start(): Promise<SpawnedService> {
    return spawnService(database.url, { DEVICE_REQUESTS_PER_MINUTE: '1000000', RECORDER_BATCH_SIZE: '7' });
  }

  it(`are those of the stored events, through two replicas and kill -9 (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const events = fc.sample(anEvent, { numRuns: 600, seed: SEED + round });
      let answered = 0;
      let killed: Promise<unknown> | undefined;
      await eachOf(events, 48, async (event, number) => {
        await post(replicas[number % 2].url, event);
        answered += 1;
        if (answered === 200) killed = replicas[round % 2].kill('SIGKILL');
      });
      await killed;
      replicas[round % 2] = await start();
      expect(await rolledUp()).toEqual(await recounted());
    }
    const [{ shards }] = await database.query<{ shards: number }>(
      'SELECT count(*)::int AS shards FROM fleet_totals',
    );
    expect(shards).toBeGreaterThan(1);
  }, 120_000);

  /** What is refused, lost or cut off by the kill is nobody's concern here: only what is stored counts. */
  async function post(url: string, event: object): Promise<void> {
    await send(`${url}/api/sync-event`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    }).catch(() => undefined);
  }

  function rolledUp(): Promise<unknown[]> {
    return figures(`
      SELECT 'hour' AS what, hour::text AS a, '' AS b, '' AS c, sum(events) AS n1, sum(failed) AS n2, sum(files) AS n3,
        sum(speed_sum)::text AS n4, sum(speed_count) AS n5
      FROM fleet_hours GROUP BY hour
      UNION ALL SELECT 'total', '', '', '', sum(events), sum(failed), sum(files), '', 0 FROM fleet_totals
      UNION ALL SELECT 'devices', '', '', '', sum(devices), 0, 0, '', 0 FROM fleet_devices
      UNION ALL SELECT 'errors', hour::text, site, pattern, sum(failures), 0, 0, max(last_seen)::text, 0
      FROM error_hours GROUP BY hour, site, pattern`);
  }

  function recounted(): Promise<unknown[]> {
    const hour = `to_char(received_at, 'YYYY-MM-DD HH24:00:00+00')`;
    return figures(`
      SELECT 'hour' AS what, ${hour} AS a, '' AS b, '' AS c, count(*) AS n1, count(*) FILTER (WHERE total_errors > 0) AS n2,
        sum(total_files_synced) AS n3, coalesce(sum(internet_speed), 0)::text AS n4, count(internet_speed) AS n5
      FROM sync_events GROUP BY ${hour}
      UNION ALL SELECT 'total', '', '', '', count(*), count(*) FILTER (WHERE total_errors > 0), sum(total_files_synced), '', 0
      FROM sync_events
      UNION ALL SELECT 'devices', '', '', '', count(DISTINCT device_id), 0, 0, '', 0 FROM sync_events
      UNION ALL SELECT 'errors', ${hour}, '', message, count(*), 0, 0, max(received_at)::text, 0
      FROM (
        SELECT *, CASE WHEN error_message LIKE 'timeout%' THEN 'timeout after <n> s' ELSE coalesce(error_message, '') END
          AS message
        FROM sync_events WHERE total_errors > 0
      ) AS failed GROUP BY ${hour}, message`);
  }

  function figures(sql: string): Promise<unknown[]> {
    return database.query(`SELECT * FROM (${sql}) AS figures ORDER BY what, a, b, c`);
  }
});

describe('Writers that share a shard', () => {
  const WRITERS = 32;

  let database: TestDatabase;
  /** More than there are shards: each shares its own with another, whatever their process ids. */
  let writers: Client[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    writers = Array.from({ length: WRITERS }, () => new Client({ connectionString: database.url }));
    await Promise.all(writers.map((writer) => writer.connect()));
  });

  afterEach(() => database.truncate());

  afterAll(async () => {
    await Promise.all(writers.map((writer) => writer.end()));
    await database.drop();
  });

  it.each([
    ['hours', 'fleet_hours', 'hour'],
    ['errors', 'error_hours', '(hour, site, pattern)'],
  ])('take their %s one after the other in the order of the key', async (_, table, key) => {
    const [records, holds] = await pairOfOneShard();
    const events = Array.from({ length: 24 }, (_event, place) => ({
      deviceId: 'known',
      receivedAt: `2025-05-04T${String((place * 7) % 24).padStart(2, '0')}:30:00Z`,
      errorMessage: 'dbca'[place % 4],
    }));
    await record(records, events);
    await holds.query('BEGIN');
    await holds.query(`SELECT 1 FROM ${table} ORDER BY ${key} OFFSET 1 LIMIT 1 FOR UPDATE`);
    const waiting = record(records, events);
    await untilOneWaits();
    // Fails where the one that waits for the second row has taken a later one.
    await holds.query(`SELECT 1 FROM ${table} ORDER BY ${key} OFFSET 1 FOR UPDATE NOWAIT`);
    await holds.query('COMMIT');
    await waiting;
    expect(await counted()).toEqual({ events: 48, devices: 1 });
  });

  it('hold no total while they wait for a device', async () => {
    const [makes, holds] = await pairOfOneShard();
    await record(holds, [{ deviceId: 'known' }]);
    await holds.query('BEGIN');
    await holds.query("SELECT 1 FROM devices WHERE device_id = 'known' FOR NO KEY UPDATE");
    const waiting = record(makes, [{ deviceId: 'known' }, { deviceId: 'new' }]);
    await untilOneWaits();
    await record(holds, [{ deviceId: 'known' }]);
    await holds.query('COMMIT');
    await waiting;
    expect(await counted()).toEqual({ events: 4, devices: 2 });
  });

  async function record(
    writer: Client,
    events: { deviceId: string; receivedAt?: string; errorMessage?: string }[],
  ): Promise<void> {
    const each = <Value>(value: Value): Value[] => events.map(() => value);
    await writer.query(
      `SELECT * FROM record_sync_events($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $3::timestamptz[],
         $5::clock_verdict[], $6::integer[], $6::integer[], $7::float8[], $8::text[])`,
      [
        events.map(({ deviceId }) => deviceId),
        each(null),
        each('2025-05-04T10:30:00Z'),
        events.map(({ receivedAt = '2025-05-04T10:30:00Z' }) => receivedAt),
        each('ok'),
        each(1),
        each(null),
        events.map(({ errorMessage = null }: { errorMessage?: string | null }) => errorMessage),
      ],
    );
  }

  async function pairOfOneShard(): Promise<[Client, Client]> {
    const byShard = new Map<number, Client>();
    for (const writer of writers) {
      const { rows } = await writer.query<{ shard: number }>('SELECT pg_backend_pid() % 16 AS shard');
      const other = byShard.get(rows[0].shard);
      if (other) return [other, writer];
      byShard.set(rows[0].shard, writer);
    }
    throw new Error('More writers than shards, and none share one.');
  }

  async function untilOneWaits(): Promise<void> {
    for (;;) {
      const waiting = await database.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      if (waiting.length > 0) return;
    }
  }

  async function counted(): Promise<unknown> {
    const [row] = await database.query(
      `SELECT (SELECT sum(events) FROM fleet_totals)::int AS events, (SELECT sum(devices) FROM fleet_devices)::int AS devices`,
    );
    return row;
  }
});

async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < items.length) {
        const number = next;
        next += 1;
        await work(items[number], number);
      }
    }),
  );
}
