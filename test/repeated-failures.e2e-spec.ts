import { aDevice, Device, send } from './support/device.js';
import { everyPage } from './support/pages.js';
import { expectRefused } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

type Body = Record<string, unknown>;

const NOW = '2025-05-04T12:00:00Z';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

beforeEach(() => stopServerClock(service, NOW));

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

afterAll(() => service.stop());

function url(query: string): string {
  return `${service.url}/api/devices/repeated-failures?${query}`;
}

/** Device and failures, in the order of the list. */
async function failures(query: string): Promise<unknown[]> {
  const { status, body } = await send<Body[]>(url(query));
  expect({ query, status }).toEqual({ query, status: 200 });
  return body.map(({ device_id, total_failed_syncs }) => [device_id, total_failed_syncs]);
}

async function failedAt(id: string, ...times: string[]): Promise<Device> {
  const device = aDevice(service, id);
  for (const at of times) await device.reports('failed', { at });
  return device;
}

async function stands(device: Device, settings: Body): Promise<void> {
  await send(`${service.url}/api/devices/${device.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
}

describe('Repeated failures of a window', () => {
  it('count only the failures in it, by effective time', async () => {
    await failedAt('a', '2025-04-04T12:00:00Z', '2025-04-04T11:59:59Z', '2025-05-04T11:00:00Z');
    await failedAt('b', '2025-05-03T12:00:00Z', '2025-05-03T11:59:59Z', '2025-04-27T12:00:00Z');
    await aDevice(service, 'b').reports('ok', { at: '2025-05-04T11:00:00Z' });
    expect(await failures('threshold=1')).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
    expect(await failures('threshold=1&window=24h')).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(await failures('threshold=1&window=7d')).toEqual([
      ['b', 3],
      ['a', 1],
    ]);
    expect(await failures('threshold=2&window=30d')).toEqual([
      ['b', 3],
      ['a', 2],
    ]);
  });

  it('are half-open between two times', async () => {
    await failedAt('a', '2025-05-01T00:00:00Z', '2025-05-01T23:59:59.999Z', '2025-05-02T00:00:00Z');
    expect(await failures('threshold=1&from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z')).toEqual([
      ['a', 2],
    ]);
    expect(await failures('threshold=1&from=2025-05-02T00:00:00Z')).toEqual([['a', 1]]);
    expect(await failures('threshold=1&to=2025-05-01T00:00:00Z')).toEqual([]);
  });

  it('reach what has just arrived, from a clock that is ahead too', async () => {
    await failedAt('a', '2025-05-04T12:05:00Z');
    await aDevice(service, 'a').reports('failed');
    expect(await failures('threshold=1&window=24h')).toEqual([['a', 2]]);
  });

  it('have the same threshold, by default more than three', async () => {
    await failedAt('four', ...Array<string>(4).fill('2025-05-04T11:00:00Z'));
    await failedAt('three', ...Array<string>(3).fill('2025-05-04T11:00:00Z'));
    expect(await failures('window=24h')).toEqual([['four', 4]]);
  });

  it('tell the device as it stands, whatever the window', async () => {
    await failedAt('a', '2025-05-01T10:00:00Z', '2025-05-04T10:00:00Z');
    const { body } = await send<Body[]>(url('threshold=1&to=2025-05-02T00:00:00Z'));
    expect(body).toEqual([
      {
        device_id: 'a',
        name: null,
        site: null,
        total_syncs: 2,
        total_failed_syncs: 1,
        consecutive_failures: 2,
        last_failed_sync: '2025-05-04T10:00:00.000Z',
        last_successful_sync: null,
        last_error_message: null,
      },
    ]);
  });

  it.each([1, 2, 3, 5])(
    'come in pages of %i, each device once, though the window moves on',
    async (limit) => {
      for (const id of ['d', 'a', 'B', 'c'])
        await failedAt(id, '2025-05-03T12:00:00Z', '2025-05-04T11:00:00Z');
      await failedAt('x', ...Array<string>(3).fill('2025-05-03T12:00:00Z'));
      let minutes = 0;
      const pages = await everyPage<Body>(url(`threshold=2&window=24h&limit=${limit}`), async () => {
        minutes += 1;
        stopServerClock(service, `2025-05-04T12:0${minutes}:00Z`);
      });
      expect(pages.flat().map(({ device_id }) => device_id)).toEqual(['x', 'B', 'a', 'c', 'd']);
      expect(pages).toHaveLength(Math.ceil(5 / limit));
    },
  );
});

describe('Repeated failures by site and label', () => {
  beforeEach(async () => {
    const settings: Record<string, Body> = {
      a: { site: 'Kibera Primary', labels: ['solar'] },
      b: { site: 'Kibera Primary', labels: ['solar', 'old'] },
      c: { site: 'Mathare', labels: ['old'] },
      d: {},
    };
    for (const [id, changes] of Object.entries(settings)) await stands(await failedAt(id, NOW), changes);
  });

  it.each([
    ['site=Kibera%20Primary', ['a', 'b']],
    ['label=old', ['b', 'c']],
    ['site=Kibera%20Primary&label=old', ['b']],
    ['site=Kibera', []],
  ])('are those of ?%s, in a window or of all time', async (query, ids) => {
    const expected = ids.map((id) => [id, 1]);
    expect(await failures(`threshold=1&${query}`)).toEqual(expected);
    expect(await failures(`threshold=1&window=24h&${query}`)).toEqual(expected);
    for (const window of ['', '&window=7d']) {
      const pages = await everyPage<Body>(url(`threshold=1&limit=1&${query}${window}`));
      expect(pages.flat().map(({ device_id }) => device_id)).toEqual(ids);
    }
  });
});

describe('A question for repeated failures', () => {
  it.each([
    ['window', 'window=1h'],
    ['window', 'window=24h&to=2025-05-02T00:00:00Z'],
    ['from', 'from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z'],
    ['from', 'from=2025-02-30T00:00:00Z'],
    ['to', 'to=tomorrow'],
    ['site', 'site='],
    ['label', `label=${'x'.repeat(51)}`],
    ['cursor', `window=24h&cursor=${cursor([1, 'a', '', ''])}`],
    ['cursor', `cursor=${cursor([1, 'a', '2025-05-01T00:00:00.000Z', '2025-05-02T00:00:00.000Z'])}`],
    ['cursor', `window=24h&cursor=${cursor([1, 'a', '2025-05-01', '2025-05-02T00:00:00.000Z'])}`],
  ])('with a wrong %s (%s) is refused with a problem 400', async (field, query) => {
    expectRefused(await send(url(query)), field);
  });

  function cursor(position: unknown[]): string {
    return Buffer.from(JSON.stringify(position)).toString('base64url');
  }
});

describe('The plan of repeated failures of a window', () => {
  it('reads the index of the failures alone', async () => {
    await service.database.query(
      `INSERT INTO sync_events (device_id, effective_at, succeeded, received_at, clock, total_files_synced, total_errors)
       SELECT 'device-' || n % 1000, time, n % 10 <> 0, time, 'missing', 0, (n % 10 = 0)::int
       FROM generate_series(1, 50000) AS n, LATERAL (SELECT $1::timestamptz - n * interval '1 minute' AS time) AS at`,
      [NOW],
    );
    await service.database.query('VACUUM ANALYZE sync_events');
    const rows = await service.database.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
       SELECT sync_events.device_id, count(*) FROM sync_events
       WHERE sync_events.total_errors > 0 AND sync_events.effective_at >= $1 AND sync_events.effective_at < $2
       GROUP BY sync_events.device_id HAVING count(*) >= 4`,
      ['2025-05-03T12:00:00Z', NOW],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(
      /Index Only Scan using sync_events_failed_by_time on sync_events \(actual rows=14[34]/,
    );
    expect(plan).toMatch('Heap Fetches: 0');
    expect(plan).not.toMatch('Seq Scan');
  });
});
