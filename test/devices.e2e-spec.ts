import { aDevice, Answer, Device, send } from './support/device.js';
import { everyPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
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

function url(path: string): string {
  return `${service.url}/api${path}`;
}

async function list(query = ''): Promise<Body[]> {
  const { status, body } = await send<Body[]>(url(`/devices${query}`));
  expect(status).toBe(200);
  return body;
}

async function repeatedFailures(query = ''): Promise<Body[]> {
  const { status, body } = await send<Body[]>(url(`/devices/repeated-failures${query}`));
  expect(status).toBe(200);
  return body;
}

function registryEntry(device: Device): Promise<Answer> {
  return send(url(`/devices/${device.id}`));
}

function change(device: Device, changes: unknown): Promise<Answer> {
  return send(url(`/devices/${device.id}`), {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

function idsOf(devices: readonly Body[]): unknown[] {
  return devices.map((device) => device.device_id);
}

async function reportsFailures(id: string, count: number): Promise<Device> {
  const device = aDevice(service, id);
  for (let failure = 0; failure < count; failure += 1) await device.reports('failed');
  return device;
}

describe('A device in the registry', () => {
  it('has its state, its counters and its latest sync', async () => {
    stopServerClock(service, '2025-05-04T10:30:00Z');
    const device = aDevice(service, 'PIBOX-7');
    await device.reports('ok', { at: '2025-05-04T09:00:00Z', files: 12 });
    const { body } = await device.reports('failed', {
      at: '2025-05-04T10:00:00Z',
      files: 1,
      errorMessage: 'no route',
    });
    const { consecutive_failures: _streak, ...latestSync } = body;
    const answer = await registryEntry(device);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      device_id: 'PIBOX-7',
      name: null,
      site: null,
      labels: [],
      expected_interval_seconds: 3600,
      paused: false,
      state: 'online',
      failing: false,
      first_seen_at: '2025-05-04T10:30:00.000Z',
      last_contact_at: '2025-05-04T10:30:00.000Z',
      last_successful_sync: '2025-05-04T09:00:00.000Z',
      last_failed_sync: '2025-05-04T10:00:00.000Z',
      last_error_message: 'no route',
      total_syncs: 2,
      total_failed_syncs: 1,
      total_files_synced: 13,
      consecutive_failures: 1,
      latest_sync: latestSync,
    });
  });

  it('has as its latest sync the newest by time, at one instant the success', async () => {
    const device = aDevice(service);
    const { body: success } = await device.reports('ok', { at: '2025-05-04T10:00:00Z' });
    await device.reports('failed', { at: '2025-05-04T10:00:00Z' });
    await device.reports('failed', { at: '2025-05-04T09:00:00Z' });
    expect((await registryEntry(device)).body.latest_sync).toMatchObject({ id: success.id });
  });

  it('outlives its events', async () => {
    const device = await reportsFailures('PIBOX-7', 4);
    await service.database.query('DELETE FROM sync_events');
    expect((await registryEntry(device)).body).toMatchObject({ total_failed_syncs: 4, latest_sync: null });
    expect(await repeatedFailures()).toHaveLength(1);
  });

  it('is failing from the third failure in a row until a success', async () => {
    const device = aDevice(service);
    const failing: unknown[] = [];
    for (const outcome of ['failed', 'failed', 'failed', 'failed', 'ok'] as const) {
      await device.reports(outcome);
      failing.push((await registryEntry(device)).body.failing);
    }
    expect(failing).toEqual([false, false, true, true, false]);
  });

  it('is online, late, then silent, by its last contact and its expected interval', async () => {
    const device = aDevice(service);
    stopServerClock(service, '2025-05-04T00:00:00Z');
    await device.reports('failed', { at: '2025-01-01T00:00:00Z' });
    const stateAt = async (now: string): Promise<unknown> => {
      stopServerClock(service, now);
      return (await registryEntry(device)).body.state;
    };
    expect(await stateAt('2025-05-04T02:00:00Z')).toBe('online');
    expect(await stateAt('2025-05-04T02:00:00.001Z')).toBe('late');
    expect(await stateAt('2025-05-07T00:00:00Z')).toBe('late');
    expect(await stateAt('2025-05-07T00:00:00.001Z')).toBe('silent');
    await change(device, { expected_interval_seconds: 2 * 24 * 3600 });
    expect(await stateAt('2025-05-07T00:00:00.001Z')).toBe('online');
    expect(await stateAt('2025-05-10T00:00:00.001Z')).toBe('silent');
  });

  it('is 404 before its first report, and a problem 400 if it can be no device', async () => {
    expectProblem(await registryEntry(aDevice(service)), 404, 'device-not-found');
    expectRefused(await send(url('/devices/-7')), 'device_id');
  });
});

describe('The registry', () => {
  it('lists devices in the order of their ids, byte by byte', async () => {
    for (const id of ['pi-b', 'PI-b', 'pi.a', 'pi-a', '7', 'pi-a-1'])
      await aDevice(service, id).reports('ok');
    expect(idsOf(await list())).toEqual(['7', 'PI-b', 'pi-a', 'pi-a-1', 'pi-b', 'pi.a']);
  });

  it('shows each device as its own page does', async () => {
    const devices = [aDevice(service, 'a'), aDevice(service, 'b')];
    for (const device of devices) await device.reportsInTurn('ok', 'failed');
    const pages = await Promise.all(devices.map(async (device) => (await registryEntry(device)).body));
    expect(await list()).toEqual(pages);
  });

  it('is an empty array before the first report', async () => {
    expect(await list()).toEqual([]);
  });

  it.each([1, 2, 3, 5, 6])('shows every device once in pages of %i', async (limit) => {
    const ids = ['a', 'A', 'b', 'b-1', 'c'];
    for (const id of ids) await aDevice(service, id).reports('ok');
    const pages = await everyPage<Body>(url(`/devices?limit=${limit}`));
    expect(idsOf(pages.flat())).toEqual(['A', 'a', 'b', 'b-1', 'c']);
    expect(pages).toHaveLength(Math.ceil(ids.length / limit));
  });

  it('neither repeats nor loses a device while new ones report', async () => {
    for (const id of ['b', 'd', 'f', 'h']) await aDevice(service, id).reports('ok');
    let arrivals = 0;
    const pages = await everyPage<Body>(url('/devices?limit=1'), async () => {
      if (arrivals === 3) return;
      arrivals += 1;
      await aDevice(service, `a${arrivals}`).reports('ok');
      await aDevice(service, `z${arrivals}`).reports('ok');
    });
    expect(idsOf(pages.flat())).toEqual(['b', 'd', 'f', 'h', 'z1', 'z2', 'z3']);
  });

  describe('filtered', () => {
    beforeEach(async () => {
      const settings: Record<string, Body> = {
        a: { site: 'Kibera Primary', labels: ['solar', 'old'] },
        b: { site: 'Kibera Primary', labels: ['solar'] },
        c: { site: 'Mathare & Sons', labels: ['old'] },
        d: {},
      };
      for (const [id, changes] of Object.entries(settings)) {
        const device = await reportsFailures(id, id === 'b' || id === 'd' ? 3 : 2);
        await change(device, changes);
      }
    });

    it.each([
      ['site', '?site=Kibera%20Primary', ['a', 'b']],
      ['a site with signs', '?site=Mathare+%26+Sons', ['c']],
      ['a site of no device', '?site=kibera', []],
      ['label', '?label=solar', ['a', 'b']],
      ['a part of a label', '?label=sol', []],
      ['failing', '?failing=true', ['b', 'd']],
      ['not failing', '?failing=false', ['a', 'c']],
      ['site and failing', '?site=Kibera%20Primary&failing=true', ['b']],
      ['site and label', '?site=Kibera%20Primary&label=old', ['a']],
      ['everything', '?site=Kibera%20Primary&label=solar&failing=false', ['a']],
    ])('by %s', async (_, query, ids) => {
      expect(idsOf(await list(query))).toEqual(ids);
    });

    it('continues within its filter', async () => {
      const pages = await everyPage<Body>(url('/devices?limit=1&site=Kibera%20Primary'));
      expect(idsOf(pages.flat())).toEqual(['a', 'b']);
    });
  });

  it.each([
    ['limit', '0'],
    ['limit', '1001'],
    ['failing', 'maybe'],
    ['site', ''],
    ['site', 'a%00b'],
    ['label', 'x'.repeat(51)],
    ['cursor', 'abc'],
    ['cursor', Buffer.from('["\\u0000"]').toString('base64url')],
    ['cursor', Buffer.from('["a",1]').toString('base64url')],
    ['state', 'online'],
  ])('refuses %s=%s with a problem 400', async (parameter, value) => {
    expectRefused(await send(url(`/devices?${parameter}=${value}`)), parameter);
  });
});

describe('An operator who changes a device', () => {
  const settings = {
    name: 'Library, back room',
    site: 'Kibera Primary',
    labels: ['solar', 'old'],
    expected_interval_seconds: 86_400,
  };
  let device: Device;

  beforeEach(async () => {
    device = aDevice(service);
    await device.reportsInTurn('ok', 'failed');
  });

  it('is answered with the changed device', async () => {
    const { body: before } = await registryEntry(device);
    const answer = await change(device, settings);
    expect([answer.status, answer.body]).toEqual([200, { ...before, ...settings }]);
    expect((await registryEntry(device)).body).toEqual(answer.body);
  });

  it('leaves what is not named as it is', async () => {
    await change(device, settings);
    const answer = await change(device, { site: 'Mathare' });
    expect(answer.body).toMatchObject({ ...settings, site: 'Mathare' });
  });

  it('changes nothing with an empty object', async () => {
    const { body: changed } = await change(device, settings);
    const answer = await change(device, {});
    expect([answer.status, answer.body]).toEqual([200, changed]);
  });

  it('clears with null, and with an empty list of labels', async () => {
    await change(device, settings);
    const answer = await change(device, {
      name: null,
      site: null,
      labels: [],
      expected_interval_seconds: null,
    });
    expect(answer.body).toMatchObject({
      name: null,
      site: null,
      labels: [],
      expected_interval_seconds: 3600,
    });
  });

  it('keeps its settings while the device goes on reporting', async () => {
    await change(device, settings);
    await device.reports('ok');
    expect((await registryEntry(device)).body).toMatchObject({ ...settings, total_syncs: 3 });
  });

  it.each([
    ['an unknown key', 'nmae', { nmae: 'x' }],
    ['what only reports change', 'total_syncs', { total_syncs: 0 }],
    ['another id', 'device_id', { device_id: 'other' }],
    ['camelCase', 'expectedIntervalSeconds', { expectedIntervalSeconds: 60 }],
    ['a number for a name', 'name', { name: 7 }],
    ['a blank name', 'name', { name: ' ' }],
    ['a name of 201 characters', 'name', { name: 'x'.repeat(201) }],
    ['a line break in a site', 'site', { site: 'a\nb' }],
    ['half an emoji in a site', 'site', { site: '\ud83d' }],
    ['null for labels', 'labels', { labels: null }],
    ['a text for labels', 'labels', { labels: 'solar' }],
    ['a number among the labels', 'labels', { labels: ['solar', 7] }],
    ['the same label twice', 'labels', { labels: ['solar', 'solar'] }],
    ['a label of 51 characters', 'labels', { labels: ['x'.repeat(51)] }],
    ['21 labels', 'labels', { labels: Array.from({ length: 21 }, (_, label) => `l${label}`) }],
    ['an interval below a minute', 'expected_interval_seconds', { expected_interval_seconds: 59 }],
    ['an interval above a year', 'expected_interval_seconds', { expected_interval_seconds: 31_536_001 }],
    ['half a second', 'expected_interval_seconds', { expected_interval_seconds: 60.5 }],
    ['a text for an interval', 'expected_interval_seconds', { expected_interval_seconds: '60' }],
  ])('is refused %s, and nothing is changed', async (_, field, changes) => {
    const { body: before } = await registryEntry(device);
    expectRefused(await change(device, { site: 'Mathare', ...changes }), field);
    expect((await registryEntry(device)).body).toEqual(before);
  });

  it('is told 404 of a device that never reported, which stays unknown', async () => {
    const unknown = aDevice(service);
    expectProblem(await change(unknown, settings), 404, 'device-not-found');
    expectProblem(await registryEntry(unknown), 404, 'device-not-found');
  });
});

describe('Repeated failures', () => {
  it('are devices with more than three failed events of all time, worst first', async () => {
    await reportsFailures('three', 3);
    await reportsFailures('four', 4);
    await reportsFailures('six', 6);
    await reportsFailures('also-four', 4);
    await aDevice(service, 'none').reports('ok');
    expect(idsOf(await repeatedFailures())).toEqual(['six', 'also-four', 'four']);
  });

  it('tell what an operator wants to know', async () => {
    stopServerClock(service, '2025-05-04T12:00:00Z');
    const device = await reportsFailures('PIBOX-7', 3);
    await change(device, { name: 'Library', site: 'Kibera Primary' });
    stopServerClock(service, '2025-05-04T13:00:00Z');
    await device.reports('ok');
    stopServerClock(service, '2025-05-04T14:00:00Z');
    await device.reports('failed', { errorMessage: 'no route' });
    expect(await repeatedFailures()).toEqual([
      {
        device_id: 'PIBOX-7',
        name: 'Library',
        site: 'Kibera Primary',
        total_syncs: 5,
        total_failed_syncs: 4,
        consecutive_failures: 1,
        last_failed_sync: '2025-05-04T14:00:00.000Z',
        last_successful_sync: '2025-05-04T13:00:00.000Z',
        last_error_message: 'no route',
      },
    ]);
  });

  it.each([
    [1, ['three', 'two', 'one']],
    [2, ['three', 'two']],
    [3, ['three']],
    [4, []],
    [2_147_483_647, []],
  ])('with threshold %i are devices with at least so many', async (threshold, ids) => {
    await reportsFailures('one', 1);
    await reportsFailures('two', 2);
    await reportsFailures('three', 3);
    await aDevice(service, 'none').reports('ok');
    expect(idsOf(await repeatedFailures(`?threshold=${threshold}`))).toEqual(ids);
  });

  it.each([1, 2, 3, 4, 7])('show every device once in pages of %i, ties included', async (limit) => {
    for (const id of ['d', 'a', 'B', 'c']) await reportsFailures(id, 2);
    for (const id of ['y', 'x']) await reportsFailures(id, 3);
    await reportsFailures('z', 1);
    const pages = await everyPage<Body>(url(`/devices/repeated-failures?threshold=1&limit=${limit}`));
    expect(idsOf(pages.flat())).toEqual(['x', 'y', 'B', 'a', 'c', 'd', 'z']);
    expect(pages).toHaveLength(Math.ceil(7 / limit));
  });

  it.each([
    ['threshold', '0'],
    ['threshold', '-3'],
    ['threshold', '2.5'],
    ['threshold', 'many'],
    ['threshold', ''],
    ['threshold', '2147483648'],
    ['limit', '0'],
    ['limit', '1001'],
    ['cursor', 'abc'],
    ['cursor', Buffer.from('["PIBOX-7"]').toString('base64url')],
    ['cursor', Buffer.from('[1.5,"PIBOX-7"]').toString('base64url')],
    ['cursor', Buffer.from('[4,"-"]').toString('base64url')],
  ])('refuse %s=%s with a problem 400', async (parameter, value) => {
    expectRefused(await send(url(`/devices/repeated-failures?${parameter}=${value}`)), parameter);
  });
});
