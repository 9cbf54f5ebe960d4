import { setTimeout as delay } from 'node:timers/promises';
import { aDevice, send } from './support/device.js';
import { startService, TestService } from './support/service.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';

let place: { host: string; port: number };
let cable: TcpProxy;
let database: TestDatabase;
let service: TestService;

beforeEach(async () => {
  database = await TestDatabase.create();
  const { hostname, port } = new URL(database.url);
  place = { host: hostname, port: Number(port) };
  cable = await TcpProxy.start(place);
  service = await startService({ DATABASE_URL: cable.through(database.url) });
});

afterEach(async () => {
  await service.stop();
  await cable.stop();
  await database.drop();
});

function pullTheCable(): void {
  cable.target = null;
  cable.cut();
}

describe('While the database is away', () => {
  it('a report is answered with 503 and when to come back, and none is stored', async () => {
    pullTheCable();
    const { status, headers, body } = await aDevice(service).reports('failed');
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(body).toMatchObject({ status: 503, type: 'urn:pisync:problem:database-unavailable' });
    expect(JSON.stringify(body)).not.toContain(new URL(database.url).pathname.slice(1));
    expect(await database.query('SELECT FROM sync_events')).toHaveLength(0);
  });

  it('the service is live, not ready, and says what is down', async () => {
    pullTheCable();
    expect((await send(`${service.url}/health/live`)).status).toBe(200);
    expect((await send(`${service.url}/health/ready`)).status).toBe(503);
    const { status, body } = await send(`${service.url}/health`);
    expect([status, body.status]).toEqual([503, 'ERROR']);
  });

  it('reads are answered with 503', async () => {
    pullTheCable();
    expect((await send(`${service.url}/api/devices`)).status).toBe(503);
  });

  it('nothing has to be done when it is back', async () => {
    pullTheCable();
    await aDevice(service).reports('ok');
    cable.target = place;
    expect((await aDevice(service).reports('ok')).status).toBe(201);
    for (let tries = 0; tries < 30; tries += 1) {
      if ((await send(`${service.url}/health/ready`)).status === 200) return;
      await delay(100);
    }
    throw new Error('The service did not become ready again within 3 seconds.');
  });
});
