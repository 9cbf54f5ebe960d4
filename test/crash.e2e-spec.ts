import { setTimeout as delay } from 'node:timers/promises';
import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { deployMigrations } from '../src/database/migrations.js';
import { ReporterLoad } from './support/reporter-load.js';
import { scratchFolder } from './support/scratch-folder.js';
import { SpawnedService, spawnService } from './support/service.js';
import { AGREEMENT, disagreements } from './support/stored-truth.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';

const KILLS = 5;
const RECOVERY_WITHIN_MS = 5_000;

describe('The service, killed in the middle of its work', () => {
  it(`loses nothing it acknowledged and settles every alert at its next start, ${KILLS} times`, async () => {
    const database = await TestDatabase.create();
    let service = await spawnService(database.url);
    const load = new ReporterLoad(() => service.url, { devices: 40, reporters: 32, prefix: 'killed-' });
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await load.acknowledges(100 + Math.floor(Math.random() * 200));
        await service.kill('SIGKILL');
        service = await spawnService(database.url);
      }
      await load.stop();
      await service.kill('SIGKILL');
      service = await spawnService(database.url);
      expect(load.acknowledged.length).toBeGreaterThan(KILLS * 100);
      expect(await disagreements(database, load.acknowledged)).toEqual(AGREEMENT);
    } finally {
      await load.stop();
      await service.kill();
      await database.drop();
    }
  }, 120_000);
});

describe('PostgreSQL, restarted under load', () => {
  let folder: string;
  let postgres: EmbeddedPostgres;
  let service: SpawnedService;
  let proxy: TcpProxy;

  beforeAll(async () => {
    folder = scratchFolder();
    postgres = await EmbeddedPostgres.start(folder);
    await deployMigrations(postgres.url);
    proxy = await TcpProxy.start(addressOf(postgres.url));
    service = await spawnService(proxy.through(postgres.url));
  }, 60_000);

  afterAll(async () => {
    await service.kill();
    await proxy.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is answered with 503 and Retry-After meanwhile, then recovered from without help; nothing is lost', async () => {
    const load = new ReporterLoad(() => service.url, { devices: 40, reporters: 32, prefix: 'restarted-' });
    try {
      await load.acknowledges(200);
      await postgres.stop();
      await delay(1_500);
      postgres = await EmbeddedPostgres.start(folder);
      proxy.target = addressOf(postgres.url);
      const upAgainAt = Date.now();
      const duringOutage = load.acknowledged.length;
      while (load.acknowledged.length < duringOutage + 100 && Date.now() < upAgainAt + 30_000)
        await delay(50);
      expect(Date.now() - upAgainAt).toBeLessThan(RECOVERY_WITHIN_MS);
      await load.stop();

      const refused = load.ledger.filter(({ status }) => status !== 200 && status !== 201);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.filter(({ status, retryAfter }) => status !== 503 || !Number(retryAfter))).toEqual([]);
      // The sweep of a new start settles what the outage kept the listener from.
      await service.kill('SIGKILL');
      service = await spawnService(proxy.through(postgres.url));
      const database = await connected(postgres.url);
      expect(await disagreements(database, load.acknowledged)).toEqual(AGREEMENT);
      await database.close();
    } finally {
      await load.stop();
    }
  }, 120_000);
});

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function connected(url: string) {
  const client = new Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  return {
    query: async <Row extends object>(sql: string): Promise<Row[]> => (await client.query<Row>(sql)).rows,
    close: () => client.end(),
  };
}
