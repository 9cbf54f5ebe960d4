import { Agent } from 'node:http';
import { aDevice } from './support/device.js';
import { flawOf, FuzzAnswer } from './support/fuzz/check-answer.js';
import { mutated } from './support/fuzz/nasty.js';
import { FuzzedRequest, OpenApiRequests } from './support/fuzz/openapi-requests.js';
import { Random } from './support/fuzz/random.js';
import { sendFuzzed, wireBytes } from './support/fuzz/send.js';
import { aKey, ROLES } from './support/keys.js';
import { sendBroken } from './support/raw-http.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

/** A few seconds on a laptop; CI sends 20,000 (.ci/run), and 100,000 are worth it before a release. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
/** Every so many requests one goes over the wire with its bytes changed, on a connection of its own. */
const RAW_EVERY = 5;
const WORKERS = 24;
/** Milliseconds after which a message that gets no answer is taken for half of one. */
const PATIENCE_MS = 200;

/** No limit is what this is about, and each would only hide what lies behind it. */
const WIDE_OPEN = {
  ...{ DEVICE_REQUESTS_PER_MINUTE: '1000000', DEVICE_EVENTS_PER_HOUR: '100000000' },
  ...{ KEY_REQUESTS_PER_MINUTE: '1000000', ADDRESS_REQUESTS_PER_MINUTE: '1000000' },
  ...{ REFUSED_REQUESTS_PER_MINUTE: '1000000', RECORDER_QUEUE_LIMIT: '1000000' },
  ...{ REQUESTS_UNDER_WAY_LIMIT: '100000', EVENT_LOOP_DELAY_LIMIT_MS: '60000' },
};

describe(`${REQUESTS} requests with something wrong (FUZZ_SEED=${SEED})`, () => {
  let database: TestDatabase;
  let service: SpawnedService;
  let requests: OpenApiRequests;
  const random = new Random(SEED);

  beforeAll(async () => {
    database = await TestDatabase.create();
    const credentials: Record<string, Record<string, string>> = {};
    for (const role of ROLES) {
      const { headers } = await aKey(database, role, { deviceId: 'PIBOX-7', maxUses: 1_000_000 });
      credentials[role] = { ...headers };
    }
    service = await spawnService(database.url, {
      ...WIDE_OPEN,
      ...{ AUTH_MODE: 'on', FLEET_INGEST: 'true', DELIVERY_TIMEOUT_SECONDS: '1', LOG_LEVEL: 'warn' },
    });
    requests = new OpenApiRequests(random, credentials);
    for (let device = 0; device < 20; device += 1) {
      const { id, event } = {
        id: `PIBOX-${device}`,
        event: aDevice(service, `PIBOX-${device}`).event('failed'),
      };
      const answer = await fetch(`${service.url}/api/sync-events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...credentials.fleet },
        body: JSON.stringify(Array.from({ length: 4 }, () => event)),
      });
      if (answer.status !== 200) throw new Error(`${id}: ${await answer.text()}`);
    }
  }, 90_000);

  afterAll(async () => {
    await service.kill();
    await database.drop();
  });

  it(
    'get no 5xx, no hang, no status that openapi.json does not list, and crash nothing',
    async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
      const flaws: string[] = [];
      const statuses: Record<number, number> = {};
      let left = REQUESTS;
      const work = async (): Promise<void> => {
        while (left > 0 && flaws.length < 10) {
          left -= 1;
          const request = requests.next();
          const isRaw = left % RAW_EVERY === 0;
          const bytes = isRaw ? mutated(random, wireBytes(request)) : undefined;
          try {
            const answer = bytes
              ? await sendBroken(service.url, bytes, PATIENCE_MS)
              : await sendFuzzed(service.url, agent, request);
            statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
            const flaw = bytes
              ? rawFlawOf(answer, bytes)
              : flawOf(answer, request, request.method === 'HEAD');
            if (flaw) flaws.push(`${flaw}: ${answer.body.slice(0, 300)}\n${described(request, bytes)}`);
          } catch (error) {
            flaws.push(`${String(error)}\n${described(request, bytes)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
      agent.destroy();
      // Most of it has to get past the parsers, or nothing is tried.
      expect({ flaws, statuses }).toEqual({ flaws: [], statuses: expect.anything() as unknown });
      expect((statuses[200] ?? 0) + (statuses[201] ?? 0)).toBeGreaterThan(REQUESTS / 10);

      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      expect(
        service.lines.filter((line) => /"level":"(?:error|fatal)"|Unhandled|Warning/.test(line)),
      ).toEqual([]);
    },
    60_000 + REQUESTS * 30,
  );
});

/** Of what was cut off there need not be an answer; without a Host, or to a HEAD, there is one without a body. */
function rawFlawOf(answer: FuzzAnswer, bytes: Buffer): string | undefined {
  if (answer.status === 0) return undefined;
  if (bytes.includes('HEAD ')) return flawOf({ ...answer, body: '' }, undefined, true);
  return flawOf(answer, undefined, answer.body === '' || answer.body === '0\r\n\r\n');
}

function described(request: FuzzedRequest, bytes = wireBytes(request)): string {
  return `${request.operation.name}: ${JSON.stringify(bytes.toString('latin1').slice(0, 2_000))}`;
}
