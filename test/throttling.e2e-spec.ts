import { aDevice, send } from './support/device.js';
import { startService, TestService } from './support/service.js';

let service: TestService;
afterEach(() => service.stop());

function read(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers }> {
  return send(service.url + path, { headers });
}

async function statusesOf(times: number, request: () => Promise<{ status: number }>): Promise<number[]> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time += 1) statuses.push((await request()).status);
  return statuses;
}

describe('A school of 200 devices behind one address', () => {
  it('is never turned away, neither in its hourly syncs nor with the backlog of a week without a line', async () => {
    service = await startService();
    const school = Array.from({ length: 200 }, () => aDevice(service));
    const statuses = new Set<number>();
    for (let hour = 0; hour < 2; hour += 1) {
      for (const { status } of await Promise.all(school.map((device) => device.reports('ok'))))
        statuses.add(status);
    }
    const backlogs = school.slice(0, 20).map((device) => statusesOf(168, () => device.reports('failed')));
    for (const status of (await Promise.all(backlogs)).flat()) statuses.add(status);
    expect([...statuses]).toEqual([201]);
  });
});

describe('A device that floods', () => {
  beforeEach(async () => {
    service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '20' });
  });

  it('is held at its own limit, and told when to come back', async () => {
    const flooder = aDevice(service);
    const statuses = await statusesOf(60, () => flooder.reports('ok'));
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    const { status, headers, body } = await flooder.reports('ok');
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status: 429, type: 'urn:pisync:problem:too-many-requests' });
  });

  it('hurts none of its neighbours, and no reader', async () => {
    const flooder = aDevice(service);
    await statusesOf(60, () => flooder.reports('ok'));
    const neighbours = Array.from({ length: 50 }, () => aDevice(service));
    const answers = await Promise.all(neighbours.map((device) => device.reports('ok')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await flooder.history()).body).toHaveLength(20);
  });

  it('gains nothing from the other spelling, the other path, or another address it claims', async () => {
    const flooder = aDevice(service);
    await statusesOf(20, () => flooder.reports('ok'));
    const body = JSON.stringify({ deviceId: flooder.id, totalFilesSynced: 0, totalErrors: 0 });
    const { status } = await send(`${service.url}/sync-event/`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9' },
    });
    expect(status).toBe(429);
  });
});

describe('Whoever reads', () => {
  const limited = { ADDRESS_REQUESTS_PER_MINUTE: '30' };

  it('is limited by address, over all paths', async () => {
    service = await startService(limited);
    expect(new Set(await statusesOf(15, () => read('/api/devices')))).toEqual(new Set([200]));
    expect(new Set(await statusesOf(15, () => read('/api/stats')))).toEqual(new Set([200]));
    expect((await read('/api/alerts')).status).toBe(429);
  });

  it('keeps no device from reporting, and nobody from asking for the health', async () => {
    service = await startService(limited);
    await statusesOf(31, () => read('/api/devices'));
    expect((await aDevice(service).reports('ok')).status).toBe(201);
    expect(new Set(await statusesOf(40, () => read('/health/ready')))).toEqual(new Set([200]));
  });

  it('cannot claim another address', async () => {
    service = await startService(limited);
    await statusesOf(30, () => read('/api/devices'));
    expect((await read('/api/devices', { 'X-Forwarded-For': '203.0.113.9' })).status).toBe(429);
  });

  it('is told apart behind a proxy that is trusted, IPv6 by site', async () => {
    service = await startService({ ...limited, TRUST_PROXY: '127.0.0.1' });
    const from = (address: string) => read('/api/devices', { 'X-Forwarded-For': address });
    await statusesOf(30, () => from('2001:db8:0:1::1'));
    expect((await from('2001:db8:0:1::2')).status).toBe(429);
    expect((await from('2001:db8:0:2::1')).status).toBe(200);
    expect((await from('203.0.113.9')).status).toBe(200);
  });
});

describe('When more reports wait than the queue may hold', () => {
  it('turns the rest away with 503 and a time to come back, and stores exactly what it answered with 201', async () => {
    service = await startService({ RECORDER_QUEUE_LIMIT: '3' });
    const devices = Array.from({ length: 100 }, () => aDevice(service));
    const answers = await Promise.all(devices.map((device) => device.reports('ok')));
    const stored = answers.filter(({ status }) => status === 201);
    const turnedAway = answers.filter(({ status }) => status === 503);
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(stored.length + turnedAway.length).toBe(100);
    for (const { headers, body } of turnedAway) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(30);
      expect(body).toMatchObject({ type: 'urn:pisync:problem:overloaded' });
    }
    expect(await service.database.query('SELECT FROM sync_events')).toHaveLength(stored.length);
  });
});

describe('While as many readers are at work as may be', () => {
  it('turns further ones away at once with a time to come back, and is there for the health', async () => {
    service = await startService({ REQUESTS_UNDER_WAY_LIMIT: '3' });
    await aDevice(service).reports('ok');
    await service.database.query('BEGIN');
    await service.database.query('LOCK TABLE devices');
    const waiting = Array.from({ length: 3 }, () => read('/api/devices'));
    // They are under way before anything that is asked from here on.
    await read('/health/ready');
    const answers = await Promise.all(Array.from({ length: 20 }, () => read('/api/devices')));
    const health = await read('/health/ready');
    await service.database.query('COMMIT');

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    for (const { headers } of answers) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(health.status).toBe(200);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await read('/api/devices')).status).toBe(200);
  });
});
