import { createHash } from 'node:crypto';
import { Answer, send } from './support/device.js';
import { aKey, Key, ROLES, sentAs } from './support/keys.js';
import { everyPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { startService, TestService } from './support/service.js';

let service: TestService;
let admin: Key;

beforeAll(async () => {
  service = await startService({ AUTH_MODE: 'on', ADDRESS_REQUESTS_PER_MINUTE: '1000000' });
});

beforeEach(async () => {
  await service.truncate();
  admin = await aKey(service.database, 'admin');
});

afterAll(() => service.stop());

const create = (body: object): Promise<Answer> =>
  send(`${service.url}/api/keys`, {
    method: 'POST',
    headers: { ...admin.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const get = (id: string): Promise<Answer> =>
  send(`${service.url}/api/keys/${id}`, { headers: admin.headers });
const revoke = (id: string): Promise<Answer> =>
  send(`${service.url}/api/keys/${id}`, { method: 'DELETE', headers: admin.headers });

describe('A key that is made', () => {
  it('is shown once, and works', async () => {
    const answer = await create({ name: 'Amina', role: 'viewer', expires_at: '2999-01-01T00:00:00Z' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { key, ...shown } = answer.body;
    const { id, headers } = sentAs(key as string);
    expect(shown).toEqual({
      id,
      name: 'Amina',
      role: 'viewer',
      device_id: null,
      site: null,
      enrolled: false,
      created_by: admin.id,
      created_at: expect.any(String),
      last_used_at: null,
      expires_at: '2999-01-01T00:00:00.000Z',
      revoked_at: null,
      uses: null,
      max_uses: null,
      new_devices_per_hour: null,
    });
    expect((await get(id)).body).toEqual(shown);
    expect((await send(`${service.url}/api/stats`, { headers })).status).toBe(200);
    expect((await send(`${service.url}/api/keys`, { headers })).status).toBe(403);
  });

  it('lends its name to what is acknowledged with it, where no other is given', async () => {
    await service.database.query(
      `INSERT INTO devices (device_id, first_seen_at, last_contact_at) VALUES ('PIBOX-7', now(), now())`,
    );
    await service.database.query(
      `INSERT INTO alerts (device_id, kind, consecutive_failures, first_failed_sync, last_failed_sync)
       VALUES ('PIBOX-7', 'failing', 3, now(), now())`,
    );
    const { key } = (await create({ name: 'Amina', role: 'operator' })).body;
    const acknowledge = (body: object): Promise<Answer> =>
      send(`${service.url}/api/alerts/1/acknowledge`, {
        method: 'POST',
        headers: { ...sentAs(key as string).headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await acknowledge({})).body).toMatchObject({ status: 'acknowledged', acknowledged_by: 'Amina' });
    expect((await acknowledge({ by: 7 })).status).toBe(400);
  });

  it('is kept as the SHA-256 of its secret and nothing else of it', async () => {
    const { key } = (await create({ name: 'Amina', role: 'viewer' })).body as { key: string };
    const [, id, secret] = /^psk_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/.exec(key)!;
    const [row] = await service.database.query<{ secret_sha256: Buffer; whole: string }>(
      'SELECT secret_sha256, access_keys::text AS whole FROM access_keys WHERE id = $1',
      [id],
    );
    expect(row.secret_sha256).toEqual(createHash('sha256').update(secret).digest());
    expect(row.whole).not.toContain(secret);
  });

  it('of a fleet ends after 90 days and 1,000 devices where nobody says otherwise', async () => {
    const { body } = await create({ name: 'Kibera', role: 'fleet', site: 'Kibera Primary' });
    expect(body).toMatchObject({
      uses: 0,
      max_uses: 1_000,
      new_devices_per_hour: 100,
      site: 'Kibera Primary',
    });
    const days = (Date.parse(body.expires_at as string) - Date.parse(body.created_at as string)) / 86_400_000;
    expect(days).toBe(90);
    const own = await create({ name: 'Kibera', role: 'fleet', max_uses: 3, new_devices_per_hour: 2 });
    expect(own.body).toMatchObject({ max_uses: 3, new_devices_per_hour: 2 });
  });

  it.each<[object, string]>([
    [{ role: 'viewer' }, 'name'],
    [{ name: ' ', role: 'viewer' }, 'name'],
    [{ name: 'x'.repeat(201), role: 'viewer' }, 'name'],
    [{ name: 'a\u0000b', role: 'viewer' }, 'name'],
    [{ name: 'x' }, 'role'],
    [{ name: 'x', role: 'root' }, 'role'],
    [{ name: 'x', role: ['admin'] }, 'role'],
    [{ name: 'x', role: 'device' }, 'device_id'],
    [{ name: 'x', role: 'device', device_id: '../x' }, 'device_id'],
    [{ name: 'x', role: 'viewer', device_id: 'PIBOX-7' }, 'device_id'],
    [{ name: 'x', role: 'viewer', site: 'Kibera' }, 'site'],
    [{ name: 'x', role: 'viewer', max_uses: 3 }, 'max_uses'],
    [{ name: 'x', role: 'viewer', new_devices_per_hour: 3 }, 'new_devices_per_hour'],
    [{ name: 'x', role: 'fleet', max_uses: 0 }, 'max_uses'],
    [{ name: 'x', role: 'fleet', max_uses: 3e9 }, 'max_uses'],
    [{ name: 'x', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ name: 'x', role: 'viewer', expires_at: 'soon' }, 'expires_at'],
    [{ name: 'x', role: 'viewer', id: 'aaaaaaaaaaaaaaaa' }, 'id'],
    [{ name: 'x', role: 'viewer', secret_sha256: 'x' }, 'secret_sha256'],
  ])('is refused where its wishes make no sense: %j', async (body, field) => {
    expectRefused(await create(body), field);
  });
});

describe('The list of keys', () => {
  it('is newest first, in pages that neither repeat nor leave out one', async () => {
    const ids = [admin.id];
    // Of one moment all of them: the id decides their order.
    for (let key = 0; key < 7; key += 1) ids.push((await aKey(service.database, 'viewer')).id);
    await service.database.query("UPDATE access_keys SET created_at = '2026-05-04T10:00:00Z'");
    const newest = (await create({ name: 'x', role: 'viewer' })).body.id;
    const pages = await everyPage<{ id: string }>(
      `${service.url}/api/keys?limit=3`,
      undefined,
      admin.headers,
    );
    expect(pages.map((page) => page.length)).toEqual([3, 3, 3]);
    expect(pages.flat().map(({ id }) => id)).toEqual([newest, ...ids.sort().reverse()]);
  });

  it('can be asked for a role or a device, and refuses cursors that it did not give', async () => {
    await aKey(service.database, 'device', { deviceId: 'PIBOX-7' });
    await aKey(service.database, 'device', { deviceId: 'PIBOX-8' });
    const list = (query: string) =>
      send<{ device_id: string }[]>(`${service.url}/api/keys${query}`, { headers: admin.headers });
    expect((await list('?role=device')).body).toHaveLength(2);
    expect((await list('?device_id=PIBOX-8')).body.map(({ device_id }) => device_id)).toEqual(['PIBOX-8']);
    expectRefused(await list('?cursor=x'), 'cursor');
    expectRefused(await list(`?cursor=${Buffer.from('["now","x"]').toString('base64url')}`), 'cursor');
    expectRefused(await list('?role=king'), 'role');
  });
});

describe('Revoking', () => {
  it('ends a key at once where it is asked for, and is the same twice as once', async () => {
    const viewer = await aKey(service.database, 'viewer');
    const read = async () => (await send(`${service.url}/api/stats`, { headers: viewer.headers })).status;
    expect(await read()).toBe(200);
    expect((await revoke(viewer.id)).status).toBe(204);
    expect(await read()).toBe(401);
    const { revoked_at } = (await get(viewer.id)).body;
    expect((await revoke(viewer.id)).status).toBe(204);
    expect((await get(viewer.id)).body.revoked_at).toBe(revoked_at);
  });

  it('knows only keys that there are', async () => {
    for (const id of ['aaaaaaaaaaaaaaaa', 'x', '%00', '1', admin.key]) {
      expectProblem(await revoke(id), 404, 'key-not-found');
      expectProblem(await get(id), 404, 'key-not-found');
    }
  });

  it('is for admins, as is all about keys', async () => {
    for (const role of ROLES.filter((each) => each !== 'admin')) {
      const { headers } = await aKey(service.database, role);
      expectProblem(await send(`${service.url}/api/keys`, { headers }), 403, 'forbidden');
      expectProblem(
        await send(`${service.url}/api/keys/${admin.id}`, { headers, method: 'DELETE' }),
        403,
        'forbidden',
      );
    }
    expect((await get(admin.id)).body.revoked_at).toBeNull();
  });
});

describe('The database itself', () => {
  it.each([
    ['a device’s key without a device', "role = 'device'"],
    ['a reader’s key with a device', "device_id = 'PIBOX-7'"],
    ['a reader’s key with a site', "site = 'Kibera'"],
    ['a fleet key that never ends', "role = 'fleet', max_uses = 1, new_devices_per_hour = 1"],
    ['a digest that is cut off', "secret_sha256 = '\\x00'"],
  ])('keeps no %s', async (_, change) => {
    const { id } = await aKey(service.database, 'viewer');
    await expect(
      service.database.query(`UPDATE access_keys SET ${change} WHERE id = $1`, [id]),
    ).rejects.toThrow(/check constraint/);
  });
});
