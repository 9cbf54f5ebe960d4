import { aDevice, Device, send } from './support/device.js';
import { aKey, Key } from './support/keys.js';
import { startService, TestService } from './support/service.js';
import { uploads } from './support/upload.js';

let service: TestService;
afterEach(() => service.stop());

/** Lets `workers` at once take one after the other. */
async function each<Item>(items: readonly Item[], workers: number, work: (item: Item) => Promise<unknown>) {
  const left = items.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

async function statusesOf(times: number, request: (time: number) => Promise<{ status: number }>) {
  const statuses: number[] = [];
  for (let time = 0; time < times; time += 1) statuses.push((await request(time)).status);
  return statuses;
}

function count(statuses: readonly number[], status: number): number {
  return statuses.filter((one) => one === status).length;
}

/** An hourly sync for each hour that the device had no line. */
function backlogOf(device: Device, hours: number): Record<string, unknown>[] {
  return Array.from({ length: hours }, (_, hour) =>
    device.event(hour % 5 === 0 ? 'failed' : 'ok', {
      eventId: `boot-1:${hour}`,
      at: new Date(Date.now() - (hours - hour) * 3_600_000),
    }),
  );
}

describe('A school of 200 devices behind one address', () => {
  it('is never limited, each with its key: hourly syncs, then the backlog of a month', async () => {
    service = await startService({ AUTH_MODE: 'on', ADDRESS_REQUESTS_PER_MINUTE: '1' });
    const school: { device: Device; key: Key }[] = [];
    for (let number = 0; number < 200; number += 1) {
      const device = aDevice(service);
      school.push({ device, key: await aKey(service.database, 'device', { deviceId: device.id }) });
    }
    const statuses: number[] = [];
    for (let hour = 0; hour < 3; hour += 1) {
      await each(school, 50, async ({ device, key }) => {
        const sent = await posts(device.event('ok'), key);
        statuses.push(sent.status);
      });
    }
    expect(count(statuses, 201)).toBe(600);
    await each(school.slice(0, 40), 4, async ({ device, key }) => {
      const { status, body } = await uploads(service, backlogOf(device, 744), {
        gzip: true,
        headers: key.headers,
      });
      expect([status, body.recorded]).toEqual([200, 744]);
    });
  }, 120_000);
});

describe('5,000 devices behind one address', () => {
  it('are never limited at their own rate; one that floods is held to its bucket, alone', async () => {
    service = await startService({ ADDRESS_REQUESTS_PER_MINUTE: '1' });
    const fleet = Array.from({ length: 5_000 }, () => aDevice(service));
    const normal: number[] = [];
    await each(fleet, 64, async (device) => normal.push((await device.reports('ok')).status));
    expect(count(normal, 201)).toBe(5_000);

    const flooder = fleet[0];
    const flooding: number[] = [];
    const neighbours: number[] = [];
    const startedAt = performance.now();
    await Promise.all([
      // A hundred times what its bucket holds would be 30,000; what is beyond it is refused alike.
      each(Array.from({ length: 3_000 }), 8, async () => flooding.push((await flooder.reports('ok')).status)),
      each(fleet.slice(1, 1_001), 8, async (device) => neighbours.push((await device.reports('ok')).status)),
    ]);
    const seconds = (performance.now() - startedAt) / 1_000;

    const bucket = 300 - 1 + (300 / 60) * seconds;
    expect(count(flooding, 201)).toBeGreaterThan(0.95 * bucket);
    expect(count(flooding, 201)).toBeLessThan(1.05 * bucket);
    expect(count(flooding, 201) + count(flooding, 429)).toBe(3_000);
    expect(count(neighbours, 201)).toBe(1_000);
  }, 120_000);
});

describe('A device with a key', () => {
  it('is limited by its key, whatever it reads and whomever it claims to be', async () => {
    service = await startService({ AUTH_MODE: 'on', DEVICE_REQUESTS_PER_MINUTE: '5' });
    const key = await aKey(service.database, 'device', { deviceId: 'PIBOX-1' });
    const other = await aKey(service.database, 'device', { deviceId: 'PIBOX-2' });
    const claims = await statusesOf(3, (time) => posts(aDevice(service, `PIBOX-9${time}`).event('ok'), key));
    expect(claims).toEqual([403, 403, 403]);
    expect((await posts(aDevice(service, 'PIBOX-1').event('ok'), key)).status).toBe(201);
    expect((await reads('/api/devices/PIBOX-1/sync-history', key.headers)).status).toBe(200);
    expect((await reads('/api/devices/PIBOX-1/sync-history', key.headers)).status).toBe(429);
    expect((await posts(aDevice(service, 'PIBOX-2').event('ok'), other)).status).toBe(201);
  });
});

describe('The events of a device', () => {
  it('are counted, single or in uploads, and an upload is refused whole', async () => {
    service = await startService({ DEVICE_EVENTS_PER_HOUR: '1000' });
    const device = aDevice(service);
    expect((await uploads(service, backlogOf(device, 600))).status).toBe(200);
    const refused = await uploads(service, backlogOf(device, 600));
    expect(refused.status).toBe(429);
    // 200 too many, of which one comes back every 3.6 s.
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(600);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(720);
    expect(refused.headers.get('ratelimit-policy')).toBe('"device-events";q=1000;w=3600');
    expect((await uploads(service, backlogOf(device, 399))).status).toBe(200);
    expect((await device.reports('ok')).status).toBe(201);
    // More than could come back while this lasts.
    expect(await statusesOf(20, () => device.reports('ok'))).toContain(429);
    expect((await aDevice(service).reports('ok')).status).toBe(201);
  });
});

describe('An answer of 429', () => {
  it('says which limit, what is left of it, and when to come back', async () => {
    service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '2' });
    const device = aDevice(service);
    await statusesOf(2, () => device.reports('ok'));
    const { status, headers, body } = await device.reports('ok');
    expect(status).toBe(429);
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(headers.get('ratelimit-policy')).toBe('"device-requests";q=2;w=60');
    expect(headers.get('ratelimit')).toBe(`"device-requests";r=0;t=${seconds}`);
    expect(body).toMatchObject({ type: 'urn:pisync:problem:too-many-requests' });
  });

  it('is announced to whoever reads', async () => {
    service = await startService({ ADDRESS_REQUESTS_PER_MINUTE: '6' });
    await reads('/api/stats');
    const { headers } = await reads('/api/stats');
    expect(headers.get('ratelimit-policy')).toBe('"address-requests";q=6;w=60');
    expect(headers.get('ratelimit')).toBe('"address-requests";r=4;t=20');
  });
});

describe('Operators', () => {
  it('are limited each by the key, not by their address', async () => {
    service = await startService({
      ...{ AUTH_MODE: 'on', ADDRESS_REQUESTS_PER_MINUTE: '1', KEY_REQUESTS_PER_MINUTE: '10' },
    });
    const [first, second] = [
      await aKey(service.database, 'viewer'),
      await aKey(service.database, 'operator'),
    ];
    const statuses = await statusesOf(11, () => reads('/api/devices', first.headers));
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
    expect((await reads('/api/devices', second.headers)).status).toBe(200);
  });

  it('are limited in what they may not do, too', async () => {
    service = await startService({ AUTH_MODE: 'on', KEY_REQUESTS_PER_MINUTE: '3' });
    const viewer = await aKey(service.database, 'viewer');
    expect(await statusesOf(4, () => reads('/api/keys', viewer.headers))).toEqual([403, 403, 403, 429]);
  });
});

describe('Whoever tries keys out', () => {
  const settings = { AUTH_MODE: 'on', REFUSED_REQUESTS_PER_MINUTE: '5' };

  it.each<[string, (time: number) => Record<string, string>]>([
    ['without a key', () => ({})],
    ['with what is no key', () => ({ authorization: 'Bearer nonsense' })],
    [
      'with another invented key each time',
      (time) => ({ 'x-api-key': invented(`${time}`.padStart(16, 'a')) }),
    ],
  ])('is limited by address, %s, reading or writing', async (_name, headers) => {
    service = await startService(settings);
    const statuses = await statusesOf(8, (time) =>
      time % 2 === 0 ? reads('/api/devices', headers(time)) : posts({}, { headers: headers(time) }),
    );
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const { headers: told } = await reads('/api/devices', headers(9));
    expect(told.get('retry-after')).toMatch(/^\d+$/);
    expect(told.get('ratelimit-policy')).toBe('"address-refusals";q=5;w=60');
  });

  it('keeps nobody with a valid key out: neither the neighbours, nor the owner of the key that was tried', async () => {
    service = await startService(settings);
    const key = await aKey(service.database, 'viewer');
    const wrong = { authorization: `Bearer ${invented(key.id)}` };
    expect(count(await statusesOf(20, () => reads('/api/devices', wrong)), 429)).toBe(15);
    expect((await reads('/api/devices', key.headers)).status).toBe(200);
  });

  it('is limited by the key that is tried, from however many addresses', async () => {
    service = await startService({ ...settings, TRUST_PROXY: '127.0.0.1' });
    const { id } = await aKey(service.database, 'admin');
    const statuses = await statusesOf(8, (time) =>
      reads('/api/devices', {
        authorization: `Bearer ${invented(id)}`,
        'x-forwarded-for': `203.0.113.${time}`,
      }),
    );
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  });
});

describe('A client that invents where it comes from', () => {
  const limited = { ADDRESS_REQUESTS_PER_MINUTE: '30' };
  const spoofs = (time: number) => {
    const address = `198.51.${time >> 8}.${time & 255}`;
    return {
      ...{ 'x-forwarded-for': address, 'x-real-ip': address, 'cf-connecting-ip': address },
      ...{ forwarded: `for=${address}`, 'true-client-ip': address, 'x-client-ip': address },
    };
  };

  it('is counted by its true address, whichever of 1,000 it claims', async () => {
    service = await startService(limited);
    const statuses = await statusesOf(1_000, (time) => reads('/api/time', spoofs(time)));
    expect(statuses.slice(0, 30)).toEqual(Array<number>(30).fill(200));
    // What flows in while this lasts, 30 a minute.
    expect(count(statuses, 200)).toBeLessThan(60);
    expect(count(statuses, 200) + count(statuses, 429)).toBe(1_000);
  });

  it('gains nothing behind a trusted proxy either, which puts the true address last', async () => {
    service = await startService({ ...limited, TRUST_PROXY: '127.0.0.0/8' });
    const statuses = await statusesOf(1_000, (time) =>
      reads('/api/time', {
        ...spoofs(time),
        'x-forwarded-for': `198.51.${time >> 8}.${time & 255}, 203.0.113.9`,
      }),
    );
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(30);
    expect(count(statuses, 200)).toBeLessThan(60);
    expect((await reads('/api/time', { 'x-forwarded-for': '203.0.113.10' })).status).toBe(200);
  });

  it('has one limit for all addresses of its IPv6 site, and one for its IPv4 address in both notations', async () => {
    service = await startService({ ADDRESS_REQUESTS_PER_MINUTE: '2', TRUST_PROXY: '127.0.0.1' });
    const from = (address: string) => reads('/api/time', { 'x-forwarded-for': address });
    const site = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:db8::1:0:0:0:7'];
    expect(await statusesOf(3, (time) => from(site[time]))).toEqual([200, 200, 429]);
    expect((await from('2001:db8:0:2::1')).status).toBe(200);
    const host = ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107'];
    expect(await statusesOf(3, (time) => from(host[time]))).toEqual([200, 200, 429]);
  });
});

function reads(path: string, headers: Record<string, string> = {}) {
  return send(service.url + path, { headers });
}

function posts(body: unknown, { headers }: Pick<Key, 'headers'> | { headers: Record<string, string> }) {
  return send(`${service.url}/api/sync-event`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Looks like a key, and nobody made it. */
function invented(id: string): string {
  return `psk_${id}_${'s'.repeat(43)}`;
}
