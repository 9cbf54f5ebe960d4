import { aDevice, Device, send } from './support/device.js';
import { startService, TestService } from './support/service.js';
import { uploads } from './support/upload.js';

const LONG_RUN = 100_000;
const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

let service: TestService;

beforeAll(async () => {
  service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '1000000' });
});

afterAll(() => service.stop());

/** A device that has failed so many times in a row, once a minute. */
async function aDeviceThatFailed(times: number): Promise<Device> {
  const device = aDevice(service);
  await service.database.query(
    `INSERT INTO sync_events (device_id, effective_at, succeeded, reported_at, received_at, clock, total_files_synced, total_errors)
     SELECT $1, at, false, at, now(), 'ok', 0, 1
     FROM generate_series(0, $2::int - 1) AS number, LATERAL (SELECT to_timestamp($3::float8 / 1000) + number * interval '1 minute') AS moment (at)`,
    [device.id, times, START],
  );
  await service.database.query(
    `INSERT INTO devices (device_id, first_seen_at, last_contact_at, last_failure_at, total_syncs, total_failed_syncs, consecutive_failures)
     SELECT $1, now(), now(), max(effective_at), count(*), count(*), count(*) FROM sync_events WHERE device_id = $1`,
    [device.id],
  );
  return device;
}

function minute(number: number): Date {
  return new Date(START + number * MINUTE);
}

/** Pages of the database that recording this event touches, on a connection that has done so before. */
async function pagesTouched(device: Device, outcome: 'ok' | 'failed', at: Date): Promise<number> {
  const { database } = service;
  let pages = 0;
  for (let time = 0; time < 2; time += 1) {
    await database.query('BEGIN');
    const [{ 'QUERY PLAN': plan }] = await database.query<{
      'QUERY PLAN': { Plan: Record<string, number> }[];
    }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
       SELECT * FROM record_sync_events(
         ARRAY[$1::text], ARRAY[NULL::text], ARRAY[$2::timestamptz], ARRAY[now()], ARRAY[$2::timestamptz],
         ARRAY['ok'::clock_verdict], ARRAY[0], ARRAY[$3::integer], ARRAY[NULL::float8], ARRAY[NULL::text])`,
      [device.id, at, outcome === 'ok' ? 0 : 1],
    );
    await database.query('ROLLBACK');
    pages = plan[0].Plan['Shared Hit Blocks'] + plan[0].Plan['Shared Read Blocks'];
  }
  return pages;
}

async function stateOf(device: Device): Promise<Record<string, unknown>> {
  return (await send(`${service.url}/api/devices/${device.id}`)).body;
}

async function openAlerts(device: Device): Promise<unknown[]> {
  return (await send<unknown[]>(`${service.url}/api/alerts?device_id=${device.id}&status=open`)).body;
}

describe('An event that arrives late', () => {
  it('counts as if it had come in time: a success ends the run before it', async () => {
    const device = aDevice(service);
    for (const number of [1, 2, 3, 5]) await device.reports('failed', { at: minute(number) });
    expect((await stateOf(device)).consecutive_failures).toBe(4);
    expect(await openAlerts(device)).toHaveLength(1);
    await device.reports('ok', { at: minute(4) });
    expect((await stateOf(device)).consecutive_failures).toBe(1);
    expect(await openAlerts(device)).toEqual([]);
  });

  it('counts as if it had come in time: failures complete a run, and only behind the newest success', async () => {
    const device = aDevice(service);
    await device.reports('ok', { at: minute(10) });
    await device.reports('failed', { at: minute(20) });
    await uploads(
      service,
      [1, 2, 3].map((number) => device.event('failed', { at: minute(number) })),
    );
    expect((await stateOf(device)).consecutive_failures).toBe(1);
    expect(await openAlerts(device)).toEqual([]);
    await uploads(
      service,
      [15, 12].map((number) => device.event('failed', { at: minute(number) })),
    );
    expect((await stateOf(device)).consecutive_failures).toBe(3);
    expect(await openAlerts(device)).toHaveLength(1);
    expect((await stateOf(device)).total_failed_syncs).toBe(6);
  });
});

describe(`A device that has failed ${LONG_RUN} times in a row`, () => {
  let long: Device;
  let short: Device;

  beforeAll(async () => {
    [short, long] = [await aDeviceThatFailed(100), await aDeviceThatFailed(LONG_RUN)];
    await service.database.query('VACUUM ANALYZE sync_events');
  }, 120_000);

  it.each([
    ['a new failure', 'failed', (run: number) => run],
    ['a late failure within the run', 'failed', (run: number) => run / 2 + 0.5],
    ['a failure before the run', 'failed', () => -1],
    ['a success before the run', 'ok', () => -1],
    ['a success early in the run', 'ok', () => 10.5],
    ['a success after the run', 'ok', (run: number) => run],
  ] as const)('costs no more than one that failed 100 times: %s', async (_name, outcome, place) => {
    const few = await pagesTouched(short, outcome, minute(place(100)));
    const many = await pagesTouched(long, outcome, minute(place(LONG_RUN)));
    // Two levels more in each index that is looked into, not a page for each hundred events of the run.
    expect(many).toBeLessThan(few + 60);
  });

  it('pays once for a success at the end of the run that arrives late, and then no more', async () => {
    const late = minute(LONG_RUN - 10.5);
    expect((await long.reports('ok', { at: late })).status).toBe(201);
    expect((await stateOf(long)).consecutive_failures).toBe(10);
    const few = await pagesTouched(short, 'ok', minute(10.5));
    expect(await pagesTouched(long, 'ok', minute(LONG_RUN - 5.5))).toBeLessThan(few + 60);
    expect(await pagesTouched(long, 'ok', minute(50))).toBeLessThan(few + 60);
  });
});
