import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { ConfigModule } from '../src/config/config.module.js';
import { Config } from '../src/config/config.js';
import { Clock } from '../src/domain/clock.js';
import { DomainModule } from '../src/domain/domain.module.js';
import { DeliveryModule } from '../src/notifications/delivery/delivery.module.js';
import { MessageDelivery } from '../src/notifications/delivery/message-delivery.js';
import { MESSAGES } from '../src/notifications/message.examples.js';
import { Destination } from '../src/notifications/message.js';
import { newWebhookSecret } from '../src/notifications/delivery/webhook-signature.js';
import { aDelivery, LOCAL, SECRET, webhookTo } from './support/delivery.js';
import { NameServer } from './support/name-server.js';
import { answersWith, Behaviour, Received, Receiver } from './support/receiver.js';

const opened = MESSAGES['alert.opened'];
const receivers: Receiver[] = [];

async function aReceiver(...options: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const receiver = await Receiver.start(...options);
  receivers.push(receiver);
  return receiver;
}

afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});

function headersOf({ headers }: Received): Record<string, string> {
  return headers as Record<string, string>;
}

describe('A webhook', () => {
  it('arrives as Standard Webhooks has it, and verifies with its library', async () => {
    const receiver = await aReceiver();
    expect(await aDelivery(LOCAL).deliver(webhookTo(receiver.url()), opened)).toEqual({
      outcome: 'delivered',
      status: 204,
    });
    const [received] = receiver.received;
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': `msg_${opened.id}`,
    });
    expect(new Webhook(SECRET).verify(received.body, headersOf(received))).toEqual({
      type: 'alert.opened',
      timestamp: opened.created_at,
      data: { link: opened.link, alert: opened.alert },
    });
    expect(() => new Webhook(SECRET).verify(`${received.body} `, headersOf(received))).toThrow(
      'No matching signature',
    );
  });

  it('keeps its id and body from attempt to attempt, and takes a new time', async () => {
    const receiver = await aReceiver();
    const clock = new Clock();
    const delivery = aDelivery(LOCAL, { clock });
    await delivery.deliver(webhookTo(receiver.url()), opened);
    clock.now = () => new Date(Date.now() + 65_000);
    await delivery.deliver(webhookTo(receiver.url()), opened);
    const [first, second] = receiver.received;
    expect(second.body).toBe(first.body);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    const times = [first, second].map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(65);
  });

  it('carries two signatures while one secret replaces the other', async () => {
    const receiver = await aReceiver();
    const next = newWebhookSecret();
    await aDelivery(LOCAL).deliver(webhookTo(receiver.url(), [next, SECRET]), opened);
    const [received] = receiver.received;
    for (const secret of [next, SECRET])
      expect(() => new Webhook(secret).verify(received.body, headersOf(received))).not.toThrow();
  });

  it('is not sent at all without a secret', async () => {
    const receiver = await aReceiver();
    expect(await aDelivery(LOCAL).deliver(webhookTo(receiver.url(), []), opened)).toEqual({
      outcome: 'failed',
      reason: 'no-secret',
    });
    expect(receiver.connections).toBe(0);
  });
});

describe('A chat', () => {
  it('gets text and blocks', async () => {
    const receiver = await aReceiver(answersWith(200));
    const slack: Destination = { ...webhookTo(receiver.url(), []), kind: 'slack' };
    expect(await aDelivery(LOCAL).deliver(slack, opened)).toEqual({ outcome: 'delivered', status: 200 });
    expect(JSON.parse(receiver.received[0].body)).toMatchObject({
      text: expect.stringContaining('⚠️ Device PIBOX-7 has failed 3 times in a row!'),
      blocks: [{ type: 'section' }],
    });
    expect(receiver.received[0].headers).not.toHaveProperty('webhook-signature');
  });
});

describe.each(['webhook', 'slack'] as const)('A receiver of a %s that misbehaves', (kind) => {
  const inTwoMinutes = (): string => new Date(Date.now() + 120_000).toUTCString();

  async function deliveryTo(behave: Behaviour) {
    const receiver = await aReceiver(behave);
    return aDelivery(LOCAL).deliver({ ...webhookTo(receiver.url()), kind }, opened);
  }

  it.each<[string, Behaviour, object]>([
    ['500', answersWith(500), { reason: 'http-500', status: 500 }],
    ['404', answersWith(404), { reason: 'http-404', status: 404 }],
    ['410', answersWith(410), { reason: 'http-410', status: 410, gone: true }],
    [
      '429 with a number of seconds',
      answersWith(429, { 'retry-after': '120' }),
      { reason: 'http-429', status: 429, retryAfterSeconds: 120 },
    ],
    [
      '503 with nonsense in Retry-After',
      answersWith(503, { 'retry-after': 'soon' }),
      { reason: 'http-503', status: 503 },
    ],
    [
      '101',
      (_, { socket }) =>
        socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      { reason: 'http-101', status: 101 },
    ],
    ['304', answersWith(304), { reason: 'redirect', status: 304 }],
  ])('by %s fails in its class', async (_what, behave, failure) => {
    expect(await deliveryTo(behave)).toEqual({ outcome: 'failed', ...failure });
  });

  it('by 429 with a date is waited for', async () => {
    const delivery = await deliveryTo((request, response) =>
      answersWith(429, { 'retry-after': inTwoMinutes() })(request, response),
    );
    expect(delivery).toMatchObject({ outcome: 'failed', retryAfterSeconds: expect.any(Number) });
    const { retryAfterSeconds } = delivery as { retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeGreaterThan(115);
    expect(retryAfterSeconds).toBeLessThanOrEqual(120);
  });

  it('by a redirect is not followed', async () => {
    const elsewhere = await aReceiver();
    for (const location of ['http://169.254.169.254/latest/meta-data/', elsewhere.url()]) {
      expect(await deliveryTo(answersWith(302, { location }))).toEqual({
        outcome: 'failed',
        reason: 'redirect',
        status: 302,
      });
    }
    expect(elsewhere.connections).toBe(0);
  });

  it.each<[string, Behaviour, string]>([
    ['silence', () => undefined, 'timeout'],
    [
      'one byte of its headers a second',
      (_, { socket }) => drip(socket, 'HTTP/1.1 200 OK\r\n\r\n', 250),
      'timeout',
    ],
    [
      'headers without end',
      (_, { socket }) => pour(socket, 'HTTP/1.1 200 OK\r\n', 'X-More: and more\r\n'),
      'not-http',
    ],
    ['something that is not HTTP', (_, { socket }) => socket?.end('SSH-2.0-OpenSSH_9.2\r\n'), 'not-http'],
    ['hanging up', (_, { socket }) => socket?.destroy(), 'connection'],
    [
      'one interim answer after the other',
      (_, { socket }) => pour(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n'),
      'timeout',
    ],
  ])('by %s is given up by the deadline', async (_what, behave, reason) => {
    const started = performance.now();
    expect(await deliveryTo(behave)).toEqual({ outcome: 'failed', reason });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it.each<[string, Behaviour]>([
    ['a body without end', (_, { socket }) => pour(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536))],
    [
      'a body of one byte a second',
      (_, { socket }) => drip(socket, `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100)}`, 250, 19),
    ],
    [
      'a body that breaks off',
      (_, { socket }) => socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx'),
    ],
  ])('by %s has taken the message once it has said so, and is hung up on soon', async (_what, behave) => {
    const receiver = await aReceiver(behave);
    const before = process.memoryUsage().rss;
    expect(await aDelivery(LOCAL).deliver({ ...webhookTo(receiver.url()), kind }, opened)).toEqual({
      outcome: 'delivered',
      status: 200,
    });
    const deadline = Date.now() + 3_000;
    while (receiver.openConnections > 0 && Date.now() < deadline) await setTimeout(20);
    expect(receiver.openConnections).toBe(0);
    // A second of it would be hundreds of them; this is what the buffers of both ends hold.
    expect(receiver.bytesAnswered).toBeLessThan(8 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024);
  });
});

describe('A receiver that cannot be reached', () => {
  const names = {
    'receiver.test': () => ['127.0.0.1'],
    'other.test': () => ['127.0.0.1'],
    'mute.test': () => 'silent' as const,
  };
  let nameServer: NameServer;

  beforeAll(async () => {
    nameServer = await NameServer.start(names);
  });
  afterAll(() => nameServer.stop());

  it('is told by its class: nobody listens', async () => {
    const receiver = await Receiver.start();
    const url = receiver.url();
    await receiver.stop();
    expect(await aDelivery(LOCAL).deliver(webhookTo(url), opened)).toEqual({
      outcome: 'failed',
      reason: 'connection',
    });
  });

  it.each([
    ['unknown.test', 'name-not-found'],
    ['mute.test', 'timeout'],
  ])('is told by its class: the name %s', async (host, reason) => {
    const delivery = aDelivery(LOCAL, { nameServer });
    expect(await delivery.deliver(webhookTo(`https://${host}/hook`), opened)).toEqual({
      outcome: 'failed',
      reason,
    });
  });

  it('is reached over TLS when its certificate is good', async () => {
    const receiver = await aReceiver(answersWith(200), { certificate: 'receiver' });
    const delivery = aDelivery(LOCAL, { nameServer });
    for (const host of ['receiver.test', '127.0.0.1']) {
      expect(await delivery.deliver(webhookTo(receiver.url(host)), opened)).toEqual({
        outcome: 'delivered',
        status: 200,
      });
    }
  });

  it.each([
    ['for another name', 'receiver', 'other.test', undefined],
    ['that has ended', 'expired', 'receiver.test', undefined],
    ['of nobody we know', 'receiver', 'receiver.test', null],
  ] as const)('is told by its class: a certificate %s', async (_what, certificate, host, ca) => {
    const receiver = await aReceiver(answersWith(200), { certificate });
    const insecure = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const delivery = aDelivery(LOCAL, { nameServer, ca });
      expect(await delivery.deliver(webhookTo(receiver.url(host)), opened)).toEqual({
        outcome: 'failed',
        reason: 'tls',
      });
    } finally {
      if (insecure === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = insecure;
    }
    expect(receiver.received).toEqual([]);
  });

  it('is told by its class: it does not speak TLS', async () => {
    const receiver = await aReceiver();
    const url = receiver.url().replace('http:', 'https:');
    expect(await aDelivery(LOCAL).deliver(webhookTo(url), opened)).toEqual({
      outcome: 'failed',
      reason: 'tls',
    });
  });
});

describe('A delivery', () => {
  it('is put together by its module, from the configuration and the clock of the service', async () => {
    const receiver = await aReceiver();
    const config = Object.assign(new Config(), LOCAL);
    @Module({ imports: [ConfigModule.with(config), DomainModule, DeliveryModule] })
    class Surroundings {}
    const app = await NestFactory.createApplicationContext(Surroundings, { logger: false });
    try {
      const delivery = app.get(MessageDelivery);
      for (const [host, outcome] of [
        ['127.0.0.1', 'delivered'],
        ['localhost', 'delivered'],
        ['127.0.0.2', 'failed'],
      ])
        expect(await delivery.deliver(webhookTo(receiver.url(host)), opened)).toMatchObject({ outcome });
      expect(() => delivery.assertDestinationAllowed('https://10.0.0.1/')).toThrow('url: must not point to');
    } finally {
      await app.close();
    }
  });

  it('is given up when its caller stops', async () => {
    const receiver = await aReceiver(() => stop.abort());
    const stop = new AbortController();
    expect(await aDelivery(LOCAL).deliver(webhookTo(receiver.url()), opened, stop.signal)).toEqual({
      outcome: 'failed',
      reason: 'aborted',
    });
    expect(await aDelivery(LOCAL).deliver(webhookTo(receiver.url()), opened, stop.signal)).toEqual({
      outcome: 'failed',
      reason: 'aborted',
    });
    expect(receiver.received).toHaveLength(1);
  });

  it('does not wait for names that hang elsewhere', async () => {
    const nameServer = await NameServer.start({
      'receiver.test': () => ['127.0.0.1'],
      'mute.test': () => 'silent',
    });
    try {
      const receiver = await aReceiver();
      const delivery = aDelivery(LOCAL, { nameServer });
      const hanging = Array.from({ length: 20 }, () =>
        delivery.deliver(webhookTo('https://mute.test/hook'), opened),
      );
      const started = performance.now();
      const good = await delivery.deliver(webhookTo(receiver.url('receiver.test')), opened);
      expect(good.outcome).toBe('delivered');
      expect(performance.now() - started).toBeLessThan(500);
      await Promise.all(hanging);
    } finally {
      nameServer.stop();
    }
  });

  it('is cheap enough for two hundred a second', async () => {
    const receiver = await aReceiver();
    const delivery = aDelivery({ ...LOCAL, deliveryTimeoutSeconds: 15 });
    let left = 600;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (left-- > 0) await delivery.deliver(webhookTo(receiver.url()), opened);
      }),
    );
    expect(receiver.received).toHaveLength(600);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

/** Sends a text byte by byte. @param head characters that go at once, first */
function drip(socket: Socket | null, text: string, every: number, head = 0): void {
  if (!socket) return;
  let at = head;
  socket.write(text.slice(0, head));
  const timer = setInterval(() => socket.write(text[at++ % text.length]), every);
  socket.on('close', () => clearInterval(timer));
}

/** Sends the same for ever, as fast as it is taken. */
function pour(socket: Socket | null, head: string, more: string): void {
  if (!socket) return;
  socket.write(head);
  const go = (): void => {
    while (!socket.destroyed && socket.write(more));
    if (!socket.destroyed) socket.once('drain', () => setImmediate(go));
  };
  go();
}
