import { aDevice, Device, send } from './support/device.js';
import { expectRefused } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

type Body = Record<string, unknown>;

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

afterAll(() => service.stop());

async function ask<Answered = Body[]>(path: string): Promise<Answered> {
  const { status, body } = await send<Answered>(`${service.url}/api${path}`);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}

/** Reports a failure with each of the messages, and as often. */
async function failsWith(device: Device, ...messages: (string | undefined)[]): Promise<void> {
  for (const errorMessage of messages) await device.reports('failed', { errorMessage });
}

async function standsAt(device: Device, settings: Body): Promise<void> {
  const { status } = await send(`${service.url}/api/devices/${device.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  expect(status).toBe(200);
}

describe('The statistics', () => {
  const stats = (): Promise<Body> => ask<Body>('/stats');

  it('are noughts before the first report', async () => {
    stopServerClock(service, '2024-01-01T00:00:00Z');
    expect(await stats()).toEqual({
      total_devices: 0,
      total_sync_events: 0,
      total_failures: 0,
      total_files_synced: 0,
      overall_success_rate: 0,
      devices_by_state: { online: 0, late: 0, silent: 0, never: 0 },
      failing_devices: 0,
      recent_devices: 0,
      states_as_of: '2024-01-01T00:00:00.000Z',
    });
  });

  it('sum up the fleet', async () => {
    await aDevice(service).reports('ok', { files: 12 });
    const device = aDevice(service);
    await device.reports('failed', { files: 3 });
    await device.reports('ok', { files: 5, eventId: 'once' });
    await device.reports('ok', { files: 5, eventId: 'once' });
    expect(await stats()).toMatchObject({
      total_devices: 2,
      total_sync_events: 3,
      total_failures: 1,
      total_files_synced: 20,
      overall_success_rate: 66.67,
    });
  });

  it.each([
    [1, 0, 100],
    [0, 1, 0],
    [1, 2, 33.33],
    [1, 7, 12.5],
    [1, 15, 6.25],
  ])('round the rate of %i successes and %i failures to %d percent', async (successes, failures, rate) => {
    const device = aDevice(service);
    for (let success = 0; success < successes; success += 1) await device.reports('ok');
    for (let failure = 0; failure < failures; failure += 1) await device.reports('failed');
    expect((await stats()).overall_success_rate).toBe(rate);
  });

  it('count more files than a 32-bit number can', async () => {
    const device = aDevice(service);
    for (let report = 0; report < 3; report += 1) await device.reports('ok', { files: 2_147_483_647 });
    expect((await stats()).total_files_synced).toBe(3 * 2_147_483_647);
  });

  it('keep what was deleted', async () => {
    await aDevice(service).reports('failed', { files: 3 });
    await service.database.query('DELETE FROM sync_events');
    expect(await stats()).toMatchObject({ total_sync_events: 1, total_failures: 1, total_files_synced: 3 });
  });

  it('count devices by their state, the failing ones and those heard of within a day', async () => {
    const lastContacts = {
      online: '2025-05-04T10:00:00Z',
      late: '2025-05-04T09:59:59Z',
      'late-still': '2025-05-01T12:00:00Z',
      silent: '2025-05-01T11:59:59Z',
    };
    for (const [id, time] of Object.entries(lastContacts)) {
      stopServerClock(service, time);
      await aDevice(service, id).reportsInTurn('failed', 'failed', id === 'silent' ? 'failed' : 'ok');
    }
    stopServerClock(service, '2025-05-04T12:00:00Z');
    await standsAt(aDevice(service, 'late-still'), { expected_interval_seconds: 36 * 3600 });
    expect(await stats()).toMatchObject({
      devices_by_state: { online: 2, late: 1, silent: 1, never: 0 },
      failing_devices: 1,
      recent_devices: 2,
      states_as_of: '2025-05-04T12:00:00.000Z',
    });
    const states = (await ask('/devices')).map(({ device_id, state }) => [device_id, state]);
    expect(Object.fromEntries(states)).toEqual({
      online: 'online',
      late: 'late',
      'late-still': 'online',
      silent: 'silent',
    });
  });

  it('renew the states behind the answer after 30 seconds, before it after 5 minutes; totals are never old', async () => {
    const onlineAt = async (time: string): Promise<unknown[]> => {
      stopServerClock(service, time);
      const { total_devices, devices_by_state, states_as_of } = await stats();
      return [total_devices, (devices_by_state as { online: number }).online, states_as_of];
    };
    expect(await onlineAt('2025-06-01T12:00:00Z')).toEqual([0, 0, '2025-06-01T12:00:00.000Z']);
    await aDevice(service).reports('ok');
    expect(await onlineAt('2025-06-01T12:00:30Z')).toEqual([1, 0, '2025-06-01T12:00:00.000Z']);
    expect(await onlineAt('2025-06-01T12:00:31Z')).toEqual([1, 0, '2025-06-01T12:00:00.000Z']);
    let renewed: unknown[] = [];
    for (let tries = 0; tries < 200 && renewed[2] !== '2025-06-01T12:00:31.000Z'; tries += 1) {
      renewed = await onlineAt('2025-06-01T12:00:31Z');
    }
    expect(renewed).toEqual([1, 1, '2025-06-01T12:00:31.000Z']);
    await aDevice(service).reports('ok');
    expect(await onlineAt('2025-06-01T12:05:31.001Z')).toEqual([2, 2, '2025-06-01T12:05:31.001Z']);
  });
});

describe('The activity', () => {
  async function reportsAt(
    time: string,
    outcome: 'ok' | 'failed',
    files: number,
    speed?: number,
  ): Promise<void> {
    stopServerClock(service, time);
    await aDevice(service).reports(outcome, { files, speed: speed ?? null, at: '2025-01-01T00:00:00Z' });
  }

  it('is told hour by hour of arrival, quiet hours too', async () => {
    await reportsAt('2025-05-04T09:59:59.999Z', 'ok', 1, 2);
    await reportsAt('2025-05-04T10:00:00Z', 'ok', 2, 1.5);
    await reportsAt('2025-05-04T10:30:00Z', 'failed', 3, 4);
    await reportsAt('2025-05-04T10:59:59.999Z', 'ok', 4);
    await reportsAt('2025-05-04T12:00:00Z', 'failed', 5);
    expect(await ask('/stats/activity?from=2025-05-04T10:00:00Z&to=2025-05-04T12:00:00.001Z')).toEqual([
      {
        bucket: '2025-05-04T10:00:00.000Z',
        sync_events: 3,
        failures: 1,
        files_synced: 9,
        average_internet_speed: 2.75,
        success_rate: 66.67,
      },
      {
        bucket: '2025-05-04T11:00:00.000Z',
        sync_events: 0,
        failures: 0,
        files_synced: 0,
        average_internet_speed: null,
        success_rate: null,
      },
      {
        bucket: '2025-05-04T12:00:00.000Z',
        sync_events: 1,
        failures: 1,
        files_synced: 5,
        average_internet_speed: null,
        success_rate: 0,
      },
    ]);
  });

  it('is told by UTC day, whatever zone the question is in', async () => {
    await reportsAt('2025-05-03T23:59:59.999Z', 'ok', 1, 2);
    await reportsAt('2025-05-04T00:00:00Z', 'failed', 2, 1);
    await reportsAt('2025-05-04T23:59:59Z', 'ok', 3, 4);
    const days = await ask(
      '/stats/activity?bucket=day&from=2025-05-04T05:30:00%2B05:30&to=2025-05-05T00:00:00Z',
    );
    expect(days).toEqual([
      {
        bucket: '2025-05-04T00:00:00.000Z',
        sync_events: 2,
        failures: 1,
        files_synced: 5,
        average_internet_speed: 2.5,
        success_rate: 50,
      },
    ]);
  });

  it('is that of the last 24 hours or 30 days unless a range is asked for', async () => {
    await reportsAt('2025-05-04T12:10:00Z', 'ok', 1);
    const hours = await ask('/stats/activity');
    expect([hours.length, hours[0].bucket, hours[23].bucket]).toEqual([
      24,
      '2025-05-03T13:00:00.000Z',
      '2025-05-04T12:00:00.000Z',
    ]);
    expect(hours[23].sync_events).toBe(1);
    const days = await ask('/stats/activity?bucket=day');
    expect([days.length, days[0].bucket, days[29].sync_events]).toEqual([30, '2025-04-05T00:00:00.000Z', 1]);
  });

  it.each([
    ['bucket', 'bucket=week'],
    ['from', 'from=yesterday'],
    ['from', 'from=2025-05-04T10:00:00Z&to=2025-05-04T10:00:00Z'],
    ['from', 'from=2025-01-01T00:00:00Z&to=2025-03-01T00:00:00Z'],
    ['from', 'bucket=day&from=2020-01-01T00:00:00Z&to=2025-03-01T00:00:00Z'],
    ['to', 'to=now'],
    ['window', 'window=24h'],
  ])('refuses a wrong %s (%s) with a problem 400', async (field, query) => {
    expectRefused(await send(`${service.url}/api/stats/activity?${query}`), field);
  });
});

describe('The most frequent errors', () => {
  it('are messages with their numbers and ids folded, most failures first', async () => {
    stopServerClock(service, '2025-05-04T10:00:00Z');
    await failsWith(aDevice(service), 'timeout after 30 s', 'timeout after 7.5 s', undefined, 'no route');
    stopServerClock(service, '2025-05-04T11:30:00Z');
    await failsWith(aDevice(service), 'timeout after  9000 s', undefined);
    await aDevice(service).reports('ok', { errorMessage: 'one file skipped' });
    expect(await ask('/stats/errors')).toEqual([
      { message: 'timeout after <n> s', failures: 3, share: 50, last_seen: '2025-05-04T11:30:00.000Z' },
      { message: null, failures: 2, share: 33.33, last_seen: '2025-05-04T11:30:00.000Z' },
      { message: 'no route', failures: 1, share: 16.67, last_seen: '2025-05-04T10:00:00.000Z' },
    ]);
    expect(await ask('/stats/errors?limit=1')).toHaveLength(1);
  });

  it('are those of the hours that the window touches, by arrival', async () => {
    for (const time of [
      '2025-04-01T00:00:00Z',
      '2025-04-30T00:00:00Z',
      '2025-05-04T09:59:00Z',
      '2025-05-04T10:00:00Z',
    ]) {
      stopServerClock(service, time);
      await failsWith(aDevice(service), 'no route');
    }
    stopServerClock(service, '2025-05-04T11:00:00Z');
    const failures = async (query: string): Promise<unknown> =>
      (await ask(`/stats/errors${query}`))[0]?.failures;
    expect(await failures('')).toBe(2);
    expect(await failures('?window=24h')).toBe(2);
    expect(await failures('?window=7d')).toBe(3);
    expect(await failures('?window=30d')).toBe(3);
    expect(await failures('?to=2025-05-04T10:00:00Z')).toBe(3);
    expect(await failures('?from=2025-05-04T10:59:00Z')).toBe(1);
    expect(await failures('?from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z')).toBeUndefined();
  });

  it('are of the site where the device stood when it failed', async () => {
    const device = aDevice(service);
    await device.reports('ok');
    await standsAt(device, { site: 'Kibera Primary' });
    await failsWith(device, 'no route', 'no route');
    await standsAt(device, { site: 'Mathare' });
    await failsWith(device, 'disk full');
    await failsWith(aDevice(service), 'no route');
    const messages = async (site: string): Promise<unknown[]> =>
      (await ask(`/stats/errors?site=${site}`)).map(({ message, failures, share }) => [
        message,
        failures,
        share,
      ]);
    expect(await messages('Kibera%20Primary')).toEqual([['no route', 2, 100]]);
    expect(await messages('Mathare')).toEqual([['disk full', 1, 100]]);
  });

  it.each([
    ['limit', 'limit=0'],
    ['window', 'window=1h'],
    ['window', 'window=24h&from=2025-05-04T10:00:00Z'],
    ['site', 'site='],
    ['cursor', 'cursor=x'],
  ])('refuse a wrong %s (%s) with a problem 400', async (field, query) => {
    expectRefused(await send(`${service.url}/api/stats/errors?${query}`), field);
  });
});

describe('The pattern of an error message', () => {
  it.each([
    ['timed out after 30 s', 'timed out after <n> s'],
    ['10.0.0.1:8080 refused at 12:30:01.5', '<n> refused at <n>'],
    ['upload 3F2504E0-4F89-11D3-9A0C-0305E82C3301 lost', 'upload <id> lost'],
    ['00000000-0000-0000-0000-000000000000', '<id>'],
    ['no lease for aa:BB:0c:dd:ee:ff', 'no lease for <id>'],
    ['object 3f2a9c1d is gone', 'object <id> is gone'],
    ['address 0xDEADbeef', 'address <id>'],
    ['wrote 10485760 bytes', 'wrote <n> bytes'],
    ['the facade effaced defaced', 'the facade effaced defaced'],
    ['disk  /dev/sda1   full ', 'disk /dev/sda<n> full'],
    ['x'.repeat(1000), 'x'.repeat(200)],
    [null, ''],
  ])('%s', async (message, pattern) => {
    expect(await service.database.query('SELECT error_pattern($1) AS pattern', [message])).toEqual([
      { pattern },
    ]);
  });
});
