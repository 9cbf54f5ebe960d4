import { setTimeout as delay } from 'node:timers/promises';
import { aDevice, Answer, send } from './support/device.js';
import { aKey, Key, sentAs } from './support/keys.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

let service: TestService;
let operator: Key;

beforeAll(async () => {
  service = await startService({
    AUTH_MODE: 'on',
    KEY_CACHE_SECONDS: '0',
    ADDRESS_REQUESTS_PER_MINUTE: '1000000',
  });
});

beforeEach(async () => {
  await service.truncate();
  operator = await aKey(service.database, 'operator');
});

afterEach(() => letServerClockRun(service));
afterAll(() => service.stop());

function enrol(fleet: Key, deviceId: unknown, more: object = {}): Promise<Answer> {
  return post('/api/enroll', fleet, { device_id: deviceId, ...more });
}

function post(path: string, key: Key, body?: object): Promise<Answer> {
  return send(service.url + path, {
    method: 'POST',
    headers: { ...key.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function approve(deviceId: string, by = operator): Promise<Answer> {
  return send(`${service.url}/api/devices/${deviceId}/enrolment`, { method: 'POST', headers: by.headers });
}

/** Sessions that wait for a lock in this database. */
async function waiting(): Promise<number> {
  const sessions = await service.database.query(
    `SELECT FROM pg_stat_activity AS sessions
     WHERE sessions.datname = current_database() AND sessions.wait_event_type = 'Lock'`,
  );
  return sessions.length;
}

/** Reports as the device with this key, and gives the status. */
async function reports(key: Key, deviceId: string): Promise<number> {
  const event = aDevice(service, deviceId).event('ok');
  return (await post('/api/sync-event', key, event)).status;
}

describe('A device that enrols', () => {
  it('gets its own key, which is good for that device and for nothing else', async () => {
    const fleet = await aKey(service.database, 'fleet', { site: 'Kibera Primary' });
    const answer = await enrol(fleet, 'PIBOX-7', { name: 'the one in the library' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      device_id: 'PIBOX-7',
      name: 'the one in the library',
      key_id: expect.any(String),
      key: expect.stringMatching(/^psk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$/),
    });
    const own = sentAs(answer.body.key as string);
    expect(own.id).toBe(answer.body.key_id);
    expect(await reports(own, 'PIBOX-7')).toBe(201);
    expect(await reports(own, 'PIBOX-8')).toBe(403);
    const [row] = await service.database.query('SELECT * FROM access_keys WHERE id = $1', [own.id]);
    expect(row).toMatchObject({
      site: 'Kibera Primary',
      created_by: fleet.id,
      enrolled: true,
      device_id: 'PIBOX-7',
    });
    expect(JSON.stringify(row)).not.toContain(own.key.slice(-43));
  });

  it('is called by its id where it gives no name', async () => {
    expect((await enrol(await aKey(service.database, 'fleet'), 'PIBOX-7')).body.name).toBe('PIBOX-7');
  });

  it.each([[undefined], [''], ['-x'], ['a b'], [7], [['PIBOX-7']]])(
    'must have a proper id: %j',
    async (id) => {
      expectRefused(await enrol(await aKey(service.database, 'fleet'), id), 'device_id');
    },
  );
});

describe('A device that is known', () => {
  it('does not enrol a second time, nor after its key was revoked', async () => {
    const fleet = await aKey(service.database, 'fleet');
    const { body } = await enrol(fleet, 'PIBOX-7');
    expectProblem(await enrol(fleet, 'PIBOX-7'), 409, 'device-known');
    expectProblem(await enrol(await aKey(service.database, 'fleet'), 'PIBOX-7'), 409, 'device-known');
    await service.database.query('UPDATE access_keys SET revoked_at = now() WHERE id = $1', [body.key_id]);
    expectProblem(await enrol(fleet, 'PIBOX-7'), 409, 'device-known');
  });

  it('does not enrol where it has reported without a key, or was given one', async () => {
    const fleet = await aKey(service.database, 'fleet');
    expect(await reports(await aKey(service.database, 'device', { deviceId: 'PIBOX-7' }), 'PIBOX-7')).toBe(
      201,
    );
    await aKey(service.database, 'device', { deviceId: 'PIBOX-8' });
    await service.database.query("DELETE FROM access_keys WHERE device_id = 'PIBOX-7'");
    expectProblem(await enrol(fleet, 'PIBOX-7'), 409, 'device-known');
    expectProblem(await enrol(fleet, 'PIBOX-8'), 409, 'device-known');
  });

  it('enrols once more when an operator has approved of it, and loses its old keys then', async () => {
    const fleet = await aKey(service.database, 'fleet');
    const old = sentAs((await enrol(fleet, 'PIBOX-7')).body.key as string);
    const approval = await approve('PIBOX-7');
    expect(approval.status).toBe(200);
    expect(approval.body).toMatchObject({ device_id: 'PIBOX-7', approved_by: operator.id });
    expect(await reports(old, 'PIBOX-7')).toBe(201);
    const second = await enrol(fleet, 'PIBOX-7');
    expect(second.status).toBe(201);
    expect(await reports(old, 'PIBOX-7')).toBe(401);
    expect(await reports(sentAs(second.body.key as string), 'PIBOX-7')).toBe(201);
    expectProblem(await enrol(fleet, 'PIBOX-7'), 409, 'device-known');
  });

  it('has seven days for that', async () => {
    const fleet = await aKey(service.database, 'fleet');
    await enrol(fleet, 'PIBOX-7');
    stopServerClock(service, '2026-05-04T10:00:00Z');
    expect((await approve('PIBOX-7')).body.expires_at).toBe('2026-05-11T10:00:00.000Z');
    stopServerClock(service, '2026-05-11T10:00:00Z');
    expectProblem(await enrol(fleet, 'PIBOX-7'), 409, 'device-known');
    await approve('PIBOX-7');
    expect((await enrol(fleet, 'PIBOX-7')).status).toBe(201);
  });

  it('is approved of by operators only, and only where it is known', async () => {
    await aKey(service.database, 'device', { deviceId: 'PIBOX-7' });
    for (const role of ['device', 'fleet', 'viewer'] as const)
      expectProblem(await approve('PIBOX-7', await aKey(service.database, role)), 403, 'forbidden');
    expectProblem(await approve('PIBOX-9'), 404, 'device-not-found');
  });

  it('gets one key when it asks many times at once, with different fleet keys', async () => {
    const fleets: Key[] = [];
    for (let index = 0; index < 5; index += 1) fleets.push(await aKey(service.database, 'fleet'));
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => enrol(fleets[index % 5], `PIBOX-${round}`)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    }
  });
});

describe('A fleet key', () => {
  it('is good for enrolling alone', async () => {
    const fleet = await aKey(service.database, 'fleet');
    await enrol(fleet, 'PIBOX-7');
    const { headers } = fleet;
    for (const path of [
      '/api/devices',
      '/api/devices/PIBOX-7',
      '/api/device/PIBOX-7/sync-history',
      '/api/keys',
    ])
      expectProblem(await send(service.url + path, { headers }), 403, 'forbidden');
    const changed = await send(`${service.url}/api/devices/PIBOX-7`, { method: 'PATCH', headers });
    expectProblem(changed, 403, 'forbidden');
    expectProblem(
      await send(`${service.url}/api/keys/${fleet.id}`, { method: 'DELETE', headers }),
      403,
      'forbidden',
    );
    const event = aDevice(service, 'PIBOX-7').event('ok');
    expectProblem(await post('/api/sync-event', fleet, event), 403, 'forbidden');
    expectProblem(await post('/api/sync-events', fleet, [event]), 403, 'forbidden');
  });

  it('enrols as many devices as it may, however many come at once', async () => {
    const fleet = await aKey(service.database, 'fleet', { maxUses: 3 });
    // Nobody writes until several of them are under way: each must count those before it, not those before all.
    await service.database.query('BEGIN');
    await service.database.query('LOCK TABLE access_keys IN EXCLUSIVE MODE');
    const asking = Array.from({ length: 12 }, (_, index) => enrol(fleet, `PIBOX-${index}`));
    for (const deadline = Date.now() + 5_000; (await waiting()) < 4; await delay(10))
      if (Date.now() > deadline) throw new Error('They do not come at once.');
    await service.database.query('COMMIT');
    const answers = await Promise.all(asking);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 403, 'enrolment-over');
    const [{ uses }] = await service.database.query('SELECT uses FROM access_keys WHERE id = $1', [fleet.id]);
    expect(uses).toBe(3);
  });

  it('enrols as many within an hour as it may, and says when there is room again', async () => {
    const fleet = await aKey(service.database, 'fleet', { newDevicesPerHour: 3 });
    const statusAt = async (time: string, id: string) => {
      stopServerClock(service, `2026-05-04T${time}Z`);
      return (await enrol(fleet, id)).status;
    };
    expect(await statusAt('10:00:00', 'PIBOX-1')).toBe(201);
    expect(await statusAt('10:30:00', 'PIBOX-2')).toBe(201);
    expect(await statusAt('10:40:00', 'PIBOX-3')).toBe(201);
    stopServerClock(service, '2026-05-04T10:59:00Z');
    const full = await enrol(fleet, 'PIBOX-4');
    expectProblem(full, 429, 'too-many-requests');
    expect(full.headers.get('retry-after')).toBe('60');
    expect(await statusAt('11:00:00', 'PIBOX-4')).toBe(201);
    expect(await statusAt('11:00:01', 'PIBOX-5')).toBe(429);
    expect(await statusAt('11:30:00', 'PIBOX-5')).toBe(201);
  });

  it('counts no device that it did not enrol', async () => {
    const fleet = await aKey(service.database, 'fleet', { maxUses: 1 });
    await aKey(service.database, 'device', { deviceId: 'PIBOX-7' });
    expect((await enrol(fleet, 'PIBOX-7')).status).toBe(409);
    expect((await enrol(fleet, 'PIBOX-8')).status).toBe(201);
  });

  it('ends at its time, and when it is revoked', async () => {
    const expired = await aKey(service.database, 'fleet', { expiresAt: new Date(Date.now() - 1) });
    expectProblem(await enrol(expired, 'PIBOX-7'), 401, 'unauthenticated');
    const revoked = await aKey(service.database, 'fleet', { revokedAt: new Date() });
    expectProblem(await enrol(revoked, 'PIBOX-7'), 401, 'unauthenticated');
  });

  it('that a replica still believes enrols nobody once it is revoked', async () => {
    const believing = await startService({ AUTH_MODE: 'on', KEY_CACHE_SECONDS: '30' });
    const fleet = await aKey(believing.database, 'fleet');
    const ask = (id: string) =>
      send(`${believing.url}/api/enroll`, {
        method: 'POST',
        headers: { ...fleet.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ device_id: id }),
      });
    expect((await ask('PIBOX-7')).status).toBe(201);
    await believing.database.query('UPDATE access_keys SET revoked_at = now() WHERE id = $1', [fleet.id]);
    expectProblem(await ask('PIBOX-8'), 403, 'enrolment-over');
    await believing.stop();
  });

  it('reports for any device where FLEET_INGEST=true, for firmware that cannot enrol', async () => {
    const old = await startService({ AUTH_MODE: 'on', FLEET_INGEST: 'true' });
    const { headers } = await aKey(old.database, 'fleet');
    const device = aDevice(old);
    const ask = (path: string, body?: unknown) =>
      send<unknown>(old.url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    expect((await ask('/api/sync-event', device.event('ok'))).status).toBe(201);
    expect((await ask('/api/sync-events', [device.event('ok')])).body).toMatchObject({ recorded: 1 });
    expect((await ask(`/api/device/${device.id}/sync-history`)).status).toBe(403);
    await old.stop();
  });
});

describe('Where AUTH_MODE is off', () => {
  it('devices enrol all the same, each id once, so that their firmware can be tried', async () => {
    const open = await startService();
    const ask = () =>
      send(`${open.url}/api/enroll`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ device_id: 'PIBOX-7' }),
      });
    expect((await ask()).status).toBe(201);
    expect((await ask()).status).toBe(409);
    await open.stop();
  });
});
