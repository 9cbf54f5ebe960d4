import { aDevice, Device, send } from './support/device.js';
import { everyPage, firstPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { startService, TestService } from './support/service.js';

type Event = Record<string, unknown>;

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '1000000' });
});

beforeEach(() => {
  device = aDevice(service);
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

/** A time on one day, so that minutes tell events apart. */
function minute(count: number): string {
  return new Date(Date.UTC(2025, 4, 4, 10, count)).toISOString();
}

function minutesOf(events: readonly Event[]): unknown[] {
  return events.map((event) => new Date(event.effective_at as string).getUTCMinutes());
}

function idsOf(events: readonly Event[]): unknown[] {
  return events.map(({ id }) => id);
}

function historyUrl(query = ''): string {
  return `${service.url}/api/device/${device.id}/sync-history${query}`;
}

/** One event a minute, in this order of arrival; every third one a success. */
async function reportsAt(...minutes: number[]): Promise<void> {
  for (const count of minutes) await device.reports(count % 3 === 0 ? 'ok' : 'failed', { at: minute(count) });
}

describe('The sync history', () => {
  it('shows the newest event first, whatever the order of arrival', async () => {
    await reportsAt(2, 5, 1, 4, 3);
    const { status, body } = await device.history();
    expect(status).toBe(200);
    expect(minutesOf(body)).toEqual([5, 4, 3, 2, 1]);
  });

  it('shows each event as it was answered when recorded', async () => {
    const { body } = await device.reports('failed', {
      at: minute(1),
      eventId: 'boot-1:1',
      errorMessage: 'no route',
    });
    const { consecutive_failures: _streak, ...event } = body;
    expect((await device.history()).body).toEqual([event]);
  });

  it('takes a success for the later one of the same instant, then arrival', async () => {
    const at = minute(7);
    const outcomes = ['ok', 'failed', 'ok', 'failed'] as const;
    const ids: unknown[] = [];
    for (const outcome of outcomes) ids.push((await device.reports(outcome, { at })).body.id);
    expect(idsOf((await device.history()).body)).toEqual([ids[2], ids[0], ids[3], ids[1]]);
  });

  it('shows the events of its device only', async () => {
    await reportsAt(1);
    await aDevice(service, `${device.id}-b`).reports('failed', { at: minute(2) });
    expect(minutesOf((await device.history()).body)).toEqual([1]);
  });

  it.each(['/api/devices/', '/devices/', '/device/'])('answers at %s too', async (path) => {
    await reportsAt(1);
    const answer = await send<Event[]>(`${service.url}${path}${device.id}/sync-history/`);
    expect([answer.status, minutesOf(answer.body)]).toEqual([200, [1]]);
  });

  it('of a device that never reported is a problem 404', async () => {
    expectProblem(await send(historyUrl()), 404, 'device-not-found');
  });

  it('is empty, not missing, where nothing fits the question', async () => {
    await reportsAt(1);
    const { status, body } = await device.history(`?from=${minute(2)}`);
    expect([status, body]).toEqual([200, []]);
  });
});

describe('A page of the history', () => {
  /** By SQL: over HTTP a thousand take seconds, and their way in is tested elsewhere. */
  async function hasReported(count: number): Promise<void> {
    await device.reports('ok', { at: '2020-06-01T00:00:00Z' });
    await service.database.query(
      `INSERT INTO sync_events (device_id, effective_at, succeeded, reported_at, received_at, clock,
         total_files_synced, total_errors)
       SELECT $1, time, TRUE, time, time, 'ok', 0, 0
       FROM generate_series(1, $2 - 1) AS number,
         LATERAL (SELECT TIMESTAMPTZ '2025-01-01 00:00:00Z' + number * INTERVAL '1 minute' AS time) AS times`,
      [device.id, count],
    );
  }

  it('has 50 events unless asked otherwise', async () => {
    await hasReported(51);
    const page = await firstPage(historyUrl());
    expect([page.body.length, page.next]).toEqual([50, expect.stringContaining('cursor=')]);
  });

  it('has from 1 to 1000 events', async () => {
    await hasReported(1001);
    expect((await device.history('?limit=1')).body).toHaveLength(1);
    expect((await device.history('?limit=1000')).body).toHaveLength(1000);
  });

  it('names no next one when it shows the last event', async () => {
    await reportsAt(1, 2, 3);
    expect((await firstPage(historyUrl('?limit=3'))).next).toBeUndefined();
    expect((await firstPage(historyUrl('?limit=2'))).next).toBeDefined();
  });

  it('names the next one by the path and the filters that were asked for', async () => {
    await reportsAt(1, 2, 4, 5);
    const path = `/devices/${device.id}/sync-history/`;
    const { headers } = await send(`${service.url}${path}?failed=true&limit=2&from=${minute(1)}`);
    const [, target] = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
    const next = new URL(target, service.url);
    expect(next.pathname).toBe(path);
    expect(Object.fromEntries(next.searchParams)).toEqual({
      failed: 'true',
      limit: '2',
      from: minute(1),
      cursor: expect.any(String),
    });
    expect(minutesOf((await send<Event[]>(next.href)).body)).toEqual([2, 1]);
  });

  it.each([1, 2, 3, 7, 100])('of %i: all of them show every event once, in order', async (limit) => {
    await reportsAt(4, 1, 2, 2, 3, 3, 3, 6, 2, 5);
    await device.reports('ok', { at: minute(2) });
    const { body: all } = await device.history('?limit=1000');
    expect(all).toHaveLength(11);
    const pages = await everyPage(historyUrl(`?limit=${limit}`));
    expect(pages.flat()).toEqual(all);
    expect(pages.slice(0, -1).map((page) => page.length)).toEqual(
      Array(Math.ceil(11 / limit) - 1).fill(limit),
    );
  });

  it('neither repeats nor loses an event while new ones arrive', async () => {
    await reportsAt(1, 2, 3, 3, 4, 4, 5, 6, 7, 8);
    const { body: before } = await device.history();
    let newest = 10;
    const pages = await everyPage(historyUrl('?limit=3'), async () => {
      await reportsAt((newest += 1), 8, 4);
      await device.reports('ok', { at: minute(4) });
    });
    const shown = idsOf(pages.flat());
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown).toEqual(expect.arrayContaining(idsOf(before)));
    const known = new Set(idsOf(before));
    expect(shown.filter((id) => known.has(id))).toEqual(idsOf(before));
  });

  it('continues within its filter', async () => {
    await reportsAt(1, 2, 3, 4, 5, 6, 7, 8);
    expect(minutesOf((await everyPage(historyUrl('?limit=2&failed=true'))).flat())).toEqual([
      8, 7, 5, 4, 2, 1,
    ]);
    expect(minutesOf((await everyPage(historyUrl('?limit=1&failed=false'))).flat())).toEqual([6, 3]);
    const inRange = `?limit=2&from=${minute(2)}&to=${minute(7)}`;
    expect(minutesOf((await everyPage(historyUrl(inRange))).flat())).toEqual([6, 5, 4, 3, 2]);
  });
});

describe('A range of the history', () => {
  beforeEach(() => reportsAt(1, 2, 3, 4));

  it.each([
    ['from', `?from=${minute(2)}`, [4, 3, 2]],
    ['to', `?to=${minute(3)}`, [2, 1]],
    ['both', `?from=${minute(2)}&to=${minute(4)}`, [3, 2]],
    ['the same time twice', `?from=${minute(2)}&to=${minute(2)}`, []],
    ['a from after its to', `?from=${minute(4)}&to=${minute(2)}`, []],
  ])('includes its beginning and not its end: %s', async (_, query, minutes) => {
    const { status, body } = await device.history(query);
    expect([status, minutesOf(body)]).toEqual([200, minutes]);
  });

  it('is exact to the millisecond', async () => {
    await device.reports('failed', { at: '2025-05-04T10:05:00.001Z' });
    expect((await device.history('?from=2025-05-04T10:05:00.001Z')).body).toHaveLength(1);
    expect((await device.history('?from=2025-05-04T10:05:00.002Z')).body).toHaveLength(0);
    expect((await device.history('?to=2025-05-04T10:05:00.001Z')).body).toHaveLength(4);
  });

  it.each([
    ['escaped', '2025-05-04T13:03:00%2B03:00'],
    ['as it is, which arrives as a space', '2025-05-04T13:03:00+03:00'],
    ['with a space for the T', '2025-05-04%2013:03:00+03:00'],
    ['west of Greenwich', '2025-05-04T07:03:00-03:00'],
  ])('takes a time with an offset, %s', async (_, from) => {
    const { status, body } = await device.history(`?from=${from}`);
    expect([status, minutesOf(body)]).toEqual([200, [4, 3]]);
  });

  it('goes by effective time', async () => {
    await device.reports('ok', { at: '1970-01-01T00:00:00Z' });
    expect((await device.history('?to=2000-01-01T00:00:00Z')).body).toEqual([]);
  });
});

describe('The history filtered by outcome', () => {
  beforeEach(() => reportsAt(1, 2, 3, 4, 5, 6));

  it.each([
    ['true', [5, 4, 2, 1]],
    ['false', [6, 3]],
  ])('failed=%s shows that outcome only', async (failed, minutes) => {
    const { body } = await device.history(`?failed=${failed}`);
    expect(minutesOf(body)).toEqual(minutes);
  });
});

describe('A question about the history that cannot be answered', () => {
  const cursor = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url');

  beforeEach(() => reportsAt(1));

  it.each([
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', '-1'],
    ['limit', '2.5'],
    ['limit', 'all'],
    ['limit', ''],
    ['limit', '1&limit=2'],
    ['from', 'yesterday'],
    ['from', ''],
    ['from', '2025-02-30T00:00:00Z'],
    ['from', '2025-05-04'],
    ['from', '2025-05-04T10:00:00'],
    ['from', '2025-05-04T10:00:00Z&from=2025-05-04T10:00:00Z'],
    ['to', '1746354600'],
    ['failed', 'yes'],
    ['failed', ''],
    ['form', '2025-05-04T10:00:00Z'],
  ])('is a problem 400 that names its parameter: %s=%s', async (parameter, value) => {
    expectRefused(await device.history(`?${parameter}=${value}`), parameter);
  });

  it.each([
    ['nothing', ''],
    ['text', 'abc'],
    ['no base64', '%00%ff'],
    ['a number', cursor(1)],
    ['an object', cursor({ 0: minute(1), 1: true, 2: 1, length: 3 })],
    ['null', cursor(null)],
    ['an empty array', cursor([])],
    ['the cursor of another list', cursor(['PIBOX-7'])],
    ['one part too many', cursor([minute(1), true, 1, 1])],
    ['no time', cursor(['now', true, 1])],
    ['a time that is no day', cursor(['2025-02-30T00:00:00Z', true, 1])],
    ['a time beyond all years', cursor(['+275760-09-13T00:00:00Z', true, 1])],
    ['a NUL', cursor(['\u0000', true, 1])],
    ['text for an outcome', cursor([minute(1), 'true', 1])],
    ['half an id', cursor([minute(1), true, 1.5])],
    ['an id beyond all', cursor([minute(1), true, 2 ** 63])],
    ['text for an id', cursor([minute(1), true, '1; DROP TABLE sync_events'])],
    ['a thousand characters and more', 'a'.repeat(1001)],
  ])('is a problem 400 when its cursor is %s', async (_, text) => {
    expectRefused(await device.history(`?cursor=${text}`), 'cursor');
  });

  it.each([
    ['the first of all places', cursor(['0001-01-01T00:00:00Z', false, 0]), 0],
    ['the last of all places', cursor(['9999-12-31T23:59:59.999Z', true, Number.MAX_SAFE_INTEGER]), 1],
    ['an id below all', cursor(['2025-05-04T10:30:00Z', true, -1]), 1],
  ])('is answered even when its cursor is made up, as long as it is a place: %s', async (_, text, events) => {
    const { status, body } = await device.history(`?cursor=${text}`);
    expect([status, body.length]).toEqual([200, events]);
  });

  it.each(['-leading', '.hidden', 'a%20b', 'a%2Fb', 'ä', 'a'.repeat(256)])(
    'is a problem 400 when its path can name no device: %s',
    async (id) => {
      expectRefused(await send(`${service.url}/api/device/${id}/sync-history`), 'device_id');
    },
  );
});
