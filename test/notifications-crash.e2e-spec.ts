import { once } from 'node:events';
import { AddressInfo, createServer, Socket } from 'node:net';
import { OutboxRepository } from '../src/database/outbox.repository.js';
import type { ClaimedNotification } from '../src/database/outbox.row.js';
import { OutcomeRepository } from '../src/database/outcome.repository.js';
import { PrismaService } from '../src/database/prisma.service.js';
import { Courier } from '../src/notifications/courier.js';
import { Sender } from '../src/notifications/sender.js';
import { sendingStep } from '../src/notifications/sending.rule.js';
import { eventually } from './support/eventually.js';
import { devices, Outbox, SENDING, told } from './support/outbox.js';
import { Behaviour, Receiver } from './support/receiver.js';
import { Settings, SpawnedService, spawnService, startService, TestService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const SETTINGS = { ...SENDING, ALERT_DIGEST_OVER: '0', LOG_LEVEL: 'warn' };

/** Between the end of a lease and the attempt of another process: its poll, and some time to send. */
const TAKE_OVER_SECONDS = 15;

const takesIt: Behaviour = (_request, response) => response.writeHead(204).end();
const neverAnswers: Behaviour = () => undefined;

/** Leases end by themselves; nobody has to wait for it to see what happens then. */
async function letLeasesEnd(database: TestDatabase): Promise<void> {
  await database.query(
    `UPDATE notifications SET leased_until = now(), next_attempt_at = now() WHERE lease_token IS NOT NULL`,
  );
}

describe('The work of a sender', () => {
  let database: TestDatabase;
  let outbox: Outbox;
  let receiver: Receiver;
  let behave: Behaviour;
  const running: SpawnedService[] = [];

  beforeEach(async () => {
    database = await TestDatabase.create();
    outbox = new Outbox(database);
    receiver = await Receiver.start((request, response) => behave(request, response));
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.kill('SIGKILL')));
    await receiver.stop();
    await database.drop();
  });

  async function aSender(settings: Settings = {}): Promise<SpawnedService> {
    const service = await spawnService(database.url, { ...SETTINGS, ...settings });
    running.push(service);
    return service;
  }

  it('that is killed after the message arrived, and before it knew, is done again with the same message', async () => {
    behave = neverAnswers;
    const channelId = await outbox.addWebhook(receiver.url());
    const killed = await aSender();
    await outbox.opens(devices(1, 'unanswered'));
    await eventually('the message', () => receiver.received.length === 1);
    await killed.kill('SIGKILL');
    const [{ leased, next_in }] = await outbox.of(channelId);
    expect(leased).toBe(true);
    expect(next_in + TAKE_OVER_SECONDS).toBeLessThanOrEqual(60);

    behave = takesIt;
    await aSender();
    expect(receiver.received).toHaveLength(1);
    await letLeasesEnd(database);
    await eventually('delivered', async () => (await outbox.of(channelId))[0].status === 'delivered');
    expect(receiver.received).toHaveLength(2);
    const [first, second] = told(receiver.received);
    expect(second.id).toBe(first.id);
    expect(receiver.received[1].body).toBe(receiver.received[0].body);
  }, 60_000);

  it('that is killed after its claim, and before anything arrived, is neither lost nor doubled', async () => {
    behave = takesIt;
    // Takes connections, and never reads from them.
    const deaf = createServer({ pauseOnConnect: true });
    const sockets: Socket[] = [];
    deaf.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)));
    deaf.listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    try {
      const channelId = await outbox.addWebhook(`http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`);
      const killed = await aSender();
      await outbox.opens(devices(1, 'unsent'));
      await eventually('its connection', () => sockets.length === 1);
      await killed.kill('SIGKILL');
      await database.query('UPDATE channels SET url = $1 WHERE id = $2', [
        outbox.sealed(receiver.url()),
        channelId,
      ]);
      await aSender();
      await letLeasesEnd(database);
      await eventually('delivered', async () => (await outbox.of(channelId))[0].status === 'delivered');
      expect(receiver.received).toHaveLength(1);
      expect((await outbox.of(channelId))[0].attempts).toBe(2);
    } finally {
      sockets.forEach((socket) => socket.destroy());
      deaf.close();
    }
  }, 60_000);

  it('that was frozen and wakes after another one took it over stays as the other one left it', async () => {
    behave = neverAnswers;
    const channelId = await outbox.addWebhook(receiver.url());
    const frozen = await aSender();
    await outbox.opens(devices(1, 'frozen'));
    await eventually('the message', () => receiver.received.length === 1);
    process.kill(frozen.pid, 'SIGSTOP');
    behave = takesIt;
    await aSender();
    await letLeasesEnd(database);
    await eventually('delivered', async () => (await outbox.of(channelId))[0].status === 'delivered');
    process.kill(frozen.pid, 'SIGCONT');
    await eventually('its own end', () => frozen.lines.some((line) => line.includes('taken over')));
    expect(await outbox.of(channelId)).toEqual([
      expect.objectContaining({ status: 'delivered', attempts: 2, last_failure: null }),
    ]);
    expect(receiver.received).toHaveLength(2);
  }, 60_000);

  it('that is stopped is finished first where it can be, and handed over at once where not', async () => {
    const answers: (() => void)[] = [];
    behave = (_request, response) => answers.push(() => response.writeHead(204).end());
    const channelId = await outbox.addWebhook(receiver.url());
    const stopped = await aSender({ DELIVERY_TIMEOUT_SECONDS: '30' });
    await outbox.opens(devices(2, 'stopped'));
    await eventually('two messages', () => answers.length === 2);
    const gone = stopped.kill('SIGTERM');
    answers[0]();
    expect(await gone).toBe(0);
    const [first, second] = await outbox.of(channelId);
    const [delivered, handedOver] = first.status === 'delivered' ? [first, second] : [second, first];
    expect(delivered).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(handedOver).toMatchObject({ status: 'pending', leased: false, last_failure: 'aborted' });
    expect(handedOver.next_in).toBeLessThanOrEqual(0);
  }, 60_000);
});

describe('A lease', () => {
  let service: TestService;
  let outbox: Outbox;
  let receiver: Receiver;
  let channelId: number;

  beforeAll(async () => {
    service = await startService(SETTINGS);
    // The tests claim by themselves.
    await service.app.get(Sender).onModuleDestroy();
    outbox = new Outbox(service.database);
    receiver = await Receiver.start();
  });

  beforeEach(async () => {
    channelId = await outbox.addWebhook(receiver.url());
  });

  afterEach(async () => {
    await service.truncate();
    receiver.received.splice(0);
  });

  afterAll(async () => {
    await service.stop();
    await receiver.stop();
  });

  async function claims(): Promise<ClaimedNotification[]> {
    return (await service.app.get(OutboxRepository).claim([], 0, sendingStep)).claimed;
  }

  it('lets nobody finish but who holds it', async () => {
    await outbox.opens(devices(1, 'fenced'));
    const [early] = await claims();
    expect(await claims()).toEqual([]);
    await letLeasesEnd(service.database);
    const [late] = await claims();
    const outcomes = service.app.get(OutcomeRepository);
    const dead = { status: 'dead', failure: 'timeout' } as const;
    expect(await outcomes.record([{ id: early.id, leaseToken: early.leaseToken, ...dead }])).toEqual([]);
    expect(await outbox.of(channelId)).toEqual([
      expect.objectContaining({ status: 'pending', leased: true, last_failure: null, attempts: 2 }),
    ]);
    const delivered = { id: late.id, leaseToken: late.leaseToken, status: 'delivered' } as const;
    expect(await outcomes.record([delivered])).toEqual([late.id]);
    expect(await outcomes.record([delivered])).toEqual([]);
    expect(await outbox.of(channelId)).toEqual([
      expect.objectContaining({ status: 'delivered', leased: false }),
    ]);
  });

  it('is given back unused when it could end before the delivery does', async () => {
    await outbox.opens(devices(1, 'late'));
    const [claimed] = await claims();
    const outcome = await service.app.get(Courier).send(claimed, performance.now() - 31_000);
    expect(receiver.received).toEqual([]);
    await service.app.get(OutcomeRepository).record([outcome]);
    expect(await outbox.of(channelId)).toEqual([
      expect.objectContaining({ status: 'pending', leased: false, attempts: 0, last_failure: null }),
    ]);
    expect(
      await service.app.get(Courier).send((await claims())[0], performance.now() - 29_000),
    ).toMatchObject({
      status: 'delivered',
    });
  });

  it('keeps the channel to its process, which alone sends two at a time', async () => {
    await outbox.opens(devices(5, 'alone'));
    const other = new OutboxRepository(service.app.get(PrismaService));
    const [one] = await claims();
    const rooms = [{ id: channelId, room: 20 }];
    expect((await other.claim(rooms, 0, sendingStep)).claimed).toEqual([]);
    const { claimed } = await service.app.get(OutboxRepository).claim(rooms, 0, sendingStep);
    expect(claimed).toHaveLength(3);
    await letLeasesEnd(service.database);
    expect((await other.claim(rooms, 0, sendingStep)).claimed.map(({ id }) => id)).toContain(one.id);
  });

  it('is of two notifications of a channel at most, whoever claims at the same moment', async () => {
    await outbox.addWebhook(receiver.url());
    await outbox.opens(devices(20, 'two'));
    for (let round = 1; round <= 5; round += 1) {
      const claimed = (await Promise.all(Array.from({ length: 6 }, claims))).flat();
      const channels = claimed.map(({ channel }) => channel.id);
      expect(channels.sort()).toEqual([channelId, channelId, channelId + 1, channelId + 1]);
      await service.app
        .get(OutcomeRepository)
        .record(claimed.map(({ id, leaseToken }) => ({ id, leaseToken, status: 'delivered' })));
    }
  });
});
