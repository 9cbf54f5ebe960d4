import { connect, createServer, Server, Socket } from 'node:net';
import { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { aDevice, send } from './support/device.js';
import { startService, TestService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

/** A network cable between the service and its database that can be pulled. */
class Cable {
  private readonly sockets = new Set<Socket>();
  private isPulled = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(databaseUrl: string): Promise<Cable> {
    const target = new URL(databaseUrl);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const through = new URL(databaseUrl);
    through.hostname = '127.0.0.1';
    through.port = String((server.address() as AddressInfo).port);
    const cable = new Cable(server, through.href);
    server.on('connection', (near) => cable.join(near, Number(target.port), target.hostname));
    return cable;
  }

  pull(): void {
    this.isPulled = true;
    for (const socket of this.sockets) socket.destroy();
  }

  plugIn(): void {
    this.isPulled = false;
  }

  close(): void {
    this.pull();
    this.server.close();
  }

  private join(near: Socket, port: number, host: string): void {
    if (this.isPulled) return void near.destroy();
    const far = connect(port, host);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        near.destroy();
        far.destroy();
        this.sockets.delete(socket);
      });
    }
  }
}

let database: TestDatabase;
let cable: Cable;
let service: TestService;

beforeEach(async () => {
  database = await TestDatabase.create();
  cable = await Cable.to(database.url);
  service = await startService({ DATABASE_URL: cable.url });
});

afterEach(async () => {
  await service.stop();
  cable.close();
  await database.drop();
});

describe('While the database is away', () => {
  it('a report is answered with 503 and when to come back, and none is stored', async () => {
    cable.pull();
    const { status, headers, body } = await aDevice(service).reports('failed');
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(body).toMatchObject({ status: 503, type: 'urn:pisync:problem:database-unavailable' });
    expect(JSON.stringify(body)).not.toContain(new URL(database.url).pathname.slice(1));
    expect(await database.query('SELECT FROM sync_events')).toHaveLength(0);
  });

  it('the service is live, not ready, and says what is down', async () => {
    cable.pull();
    expect((await send(`${service.url}/health/live`)).status).toBe(200);
    expect((await send(`${service.url}/health/ready`)).status).toBe(503);
    const { status, body } = await send(`${service.url}/health`);
    expect([status, body.status]).toEqual([503, 'ERROR']);
  });

  it('reads are answered with 503', async () => {
    cable.pull();
    expect((await send(`${service.url}/api/devices`)).status).toBe(503);
  });

  it('nothing has to be done when it is back', async () => {
    cable.pull();
    await aDevice(service).reports('ok');
    cable.plugIn();
    expect((await aDevice(service).reports('ok')).status).toBe(201);
    for (let tries = 0; tries < 30; tries += 1) {
      if ((await send(`${service.url}/health/ready`)).status === 200) return;
      await delay(100);
    }
    throw new Error('The service did not become ready again within 3 seconds.');
  });
});
