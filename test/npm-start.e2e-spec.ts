import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { aDevice, send } from './support/device.js';
import { eventually } from './support/eventually.js';
import { scratchFolder } from './support/scratch-folder.js';
import { SpawnedService, spawnService } from './support/service.js';

/** Each test makes a database and starts the service, one or two times. */
const LONG_ENOUGH_MS = 120_000;

describe('npm start, with no database of one’s own', () => {
  const services: SpawnedService[] = [];
  let dataDir: string;

  beforeEach(() => {
    dataDir = scratchFolder();
  });

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.kill()));
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(
    'serves at once, and says where everything is',
    async () => {
      const service = await start();
      // The service answers a moment before it says so, and its lines come through a pipe.
      await eventually('its last line', () => service.lines.some((line) => line.includes('DATABASE_URL=')));
      const printed = service.lines.join('\n');
      for (const place of [
        `${portOf(service)}/api`,
        `${portOf(service)}/api-docs`,
        join(dataDir, 'postgres'),
      ]) {
        expect(printed).toContain(place);
      }
    },
    LONG_ENOUGH_MS,
  );

  it(
    'keeps what it acknowledged over a Ctrl-C',
    async () => {
      const first = await start();
      const device = aDevice(first);
      await device.reportsInTurn('failed', 'failed', 'failed');
      expect(await first.kill('SIGINT')).toBe(0);
      expect(await storedEvents(await start())).toBe(3);
    },
    LONG_ENOUGH_MS,
  );

  it(
    'keeps what it acknowledged over a kill -9, and starts again at once',
    async () => {
      const first = await start();
      await aDevice(first).reportsInTurn('failed', 'failed');
      await first.kill('SIGKILL');
      expect(await storedEvents(await start())).toBe(2);
    },
    LONG_ENOUGH_MS,
  );

  it(
    'refuses a second copy on the same data, and names the first',
    async () => {
      const first = await start();
      await expect(start()).rejects.toThrow(new RegExp(`in use by process ${first.pid}\\b`));
      expect((await send(`${first.url}/health/ready`)).status).toBe(200);
    },
    LONG_ENOUGH_MS,
  );

  async function start(): Promise<SpawnedService> {
    const service = await spawnService(undefined, { DATA_DIR: dataDir }, 'bin/start.mjs');
    services.push(service);
    return service;
  }
});

function portOf(service: SpawnedService): string {
  return new URL(service.url).port;
}

async function storedEvents(service: SpawnedService): Promise<unknown> {
  return (await send(`${service.url}/api/stats`)).body.total_sync_events;
}
