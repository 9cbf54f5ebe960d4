import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './support/eventually.js';
import { devices, Outbox, SENDING, told } from './support/outbox.js';
import { answersWith, Behaviour, Receiver } from './support/receiver.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const ALERTS = 1_000;
const AT_ONCE = 25;
const LAG_P99_MS = 10_000;

/** One byte a second, so that no timeout between two of them ever fires. */
const drips: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-length': '1000000' });
  const drip = setInterval(() => response.write('.'), 1_000);
  response.on('close', () => clearInterval(drip));
};

const neverEnds: Behaviour = (_request, response) => {
  response.writeHead(500);
  const chunk = Buffer.alloc(65_536, 'x');
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', pour);
  response.on('error', () => undefined);
  pour();
};

describe('Nine bad receivers and a good one', () => {
  let database: TestDatabase;
  let outbox: Outbox;
  let service: SpawnedService;
  const receivers = new Map<string, Receiver>();
  const channels = new Map<string, number>();
  const arrivals = new Map<unknown, number>();

  beforeAll(async () => {
    database = await TestDatabase.create();
    outbox = new Outbox(database);
    const behaviours: Record<string, Behaviour> = {
      good: (request, response) => {
        for (const { data } of told([request])) arrivals.set(data.alert?.device_id, Date.now());
        response.writeHead(204).end();
      },
      'answers 500': answersWith(500),
      'asks for patience': answersWith(429, { 'retry-after': '120' }),
      'is gone': answersWith(410),
      'redirects to the metadata of a cloud': answersWith(302, { location: 'http://169.254.169.254/' }),
      hangs: () => undefined,
      'answers one byte a second': drips,
      'never ends its answer': neverEnds,
    };
    for (const [name, behaviour] of Object.entries(behaviours)) {
      receivers.set(name, await Receiver.start(behaviour));
    }
    receivers.set('has a bad certificate', await Receiver.start(undefined, { certificate: 'expired' }));
    for (const [name, receiver] of receivers) channels.set(name, await outbox.addWebhook(receiver.url()));
    channels.set('has no address', await outbox.addWebhook('https://receiver.invalid/hook'));
    service = await spawnService(database.url, {
      ...SENDING,
      DELIVERY_TIMEOUT_SECONDS: '15',
      ALERT_DIGEST_OVER: '0',
      LOG_LEVEL: 'warn',
    });
  }, 60_000);

  afterAll(async () => {
    await service.kill('SIGKILL');
    await Promise.all([...receivers.values()].map((receiver) => receiver.stop()));
    await database.drop();
  });

  it(`leave the good one its ${ALERTS} alerts, the 99th percentile of them within ${LAG_P99_MS / 1_000} s`, async () => {
    expect(channels.size).toBe(10);
    const all = devices(ALERTS, 'lag');
    const opened = new Map<string, number>();
    for (let start = 0; start < ALERTS; start += AT_ONCE) {
      const some = all.slice(start, start + AT_ONCE);
      await outbox.opens(some);
      for (const device of some) opened.set(device, Date.now());
      await delay(100);
    }
    await eventually('all alerts', () => arrivals.size === ALERTS, 60_000);
    const lags = all.map((device) => (arrivals.get(device) ?? Infinity) - (opened.get(device) ?? 0));
    lags.sort((one, other) => one - other);
    const p99 = lags[Math.ceil(ALERTS * 0.99) - 1];
    process.stdout.write(`lag of the good receiver: p50 ${lags[ALERTS / 2]} ms, p99 ${p99} ms\n`);
    expect(p99).toBeLessThan(LAG_P99_MS);
    expect(receivers.get('good')?.received).toHaveLength(ALERTS);
  }, 120_000);

  it.each([
    ['answers 500', 'http-500', 500],
    ['asks for patience', 'http-429', 429],
    ['is gone', 'http-410', 410],
    ['redirects to the metadata of a cloud', 'redirect', 302],
    ['hangs', 'timeout', null],
    ['never ends its answer', 'http-500', 500],
    ['has a bad certificate', 'tls', null],
  ])(
    'the one that %s is told apart as %s',
    async (name, failure, status) => {
      const channelId = channels.get(name) as number;
      await eventually(
        'an attempt that ended',
        async () => (await outbox.of(channelId)).some(({ last_failure }) => last_failure !== null),
        30_000,
      );
      const failed = (await outbox.of(channelId)).filter(({ last_failure }) => last_failure !== null);
      expect(new Set(failed.map(({ last_failure }) => last_failure))).toEqual(new Set([failure]));
      expect(new Set(failed.map(({ last_status }) => last_status))).toEqual(new Set([status]));
    },
    60_000,
  );

  it('hold up two messages each', async () => {
    for (const name of ['hangs', 'answers one byte a second', 'answers 500']) {
      const rows = await outbox.of(channels.get(name) as number);
      expect(rows.filter(({ leased }) => leased).length).toBeLessThanOrEqual(2);
    }
  });

  it('one of which was sent nothing more after its 410', async () => {
    expect(receivers.get('is gone')?.received.length).toBeLessThanOrEqual(2);
    expect(
      await database.query('SELECT enabled FROM channels WHERE id = $1', [channels.get('is gone')]),
    ).toEqual([{ enabled: false }]);
  });
});
