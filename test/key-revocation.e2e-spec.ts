import { setTimeout as delay } from 'node:timers/promises';
import { aDevice, send } from './support/device.js';
import { aKey, Key } from './support/keys.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

/** Of the settings here; by default it is 15, and 30 at most. */
const CACHE_SECONDS = 2;

describe('Two replicas', () => {
  let database: TestDatabase;
  let replicas: SpawnedService[];
  let admin: Key;

  beforeAll(async () => {
    database = await TestDatabase.create();
    admin = await aKey(database, 'admin');
    const settings = { AUTH_MODE: 'on', KEY_CACHE_SECONDS: String(CACHE_SECONDS) };
    replicas = await Promise.all([
      spawnService(database.url, settings),
      spawnService(database.url, settings),
    ]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.drop();
  });

  it('both refuse a revoked key: the one that was asked at once, the other when its cache has run out', async () => {
    const device = aDevice(replicas[0]);
    const key = await aKey(database, 'device', { deviceId: device.id });
    const report = async (replica: SpawnedService): Promise<number> =>
      (
        await send(`${replica.url}/api/sync-event`, {
          method: 'POST',
          headers: { ...key.headers, 'content-type': 'application/json' },
          body: JSON.stringify(device.event('ok')),
        })
      ).status;
    for (const replica of replicas) expect(await report(replica)).toBe(201);

    const { status } = await send(`${replicas[0].url}/api/keys/${key.id}`, {
      method: 'DELETE',
      headers: admin.headers,
    });
    const revokedAt = performance.now();
    expect(status).toBe(204);
    expect(await report(replicas[0])).toBe(401);

    // It goes on reporting, as a device would: what is in use must run out all the same.
    while ((await report(replicas[1])) === 201) {
      expect(performance.now() - revokedAt).toBeLessThan((CACHE_SECONDS + 1) * 1_000);
      await delay(50);
    }
    expect(await report(replicas[1])).toBe(401);
  });

  it('both take a new key at once', async () => {
    const made = await send(`${replicas[0].url}/api/keys`, {
      method: 'POST',
      headers: { ...admin.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'new', role: 'viewer' }),
    });
    for (const replica of replicas) {
      const headers = { authorization: `Bearer ${String(made.body.key)}` };
      expect((await send(`${replica.url}/api/stats`, { headers })).status).toBe(200);
    }
  });
});
