import { randomBytes } from 'node:crypto';
import { aDevice, send } from './support/device.js';
import { eventually } from './support/eventually.js';
import { aKey, sentAs } from './support/keys.js';
import { answersWith, Receiver } from './support/receiver.js';
import { sendRaw } from './support/raw-http.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';

/** Secrets by what they are for, each nowhere else in the world. */
const canaries: Record<string, string> = {};

function canary(what: string, secret = `canary${randomBytes(12).toString('hex')}`): string {
  canaries[what] = secret;
  return secret;
}

/** Every answer that the service gave, except the two that show a secret for the first and only time. */
const answers: string[] = [];

let database: TestDatabase;
let line: TcpProxy;
let receiver: Receiver;
let service: SpawnedService;
let role: string;

async function asks(path: string, init?: RequestInit): Promise<number> {
  const { status, headers, body } = await send(service.url + path, init);
  answers.push(JSON.stringify([status, [...headers], body]));
  return status;
}

/** Asks for something whose answer has a secret in it, which is a canary from now on. */
async function asksForSecret(
  what: string,
  path: string,
  init: RequestInit,
  pattern: RegExp,
): Promise<string> {
  const answer = await fetch(service.url + path, init);
  const [, secret] = pattern.exec(await answer.text()) ?? [];
  if (!secret) throw new Error(`No secret in the answer of ${path}: ${answer.status}`);
  return canary(what, secret);
}

beforeAll(async () => {
  database = await TestDatabase.create();
  role = `canary_${process.pid}`;
  await database.query(
    `DO $$ BEGIN EXECUTE format('CREATE ROLE ${role} LOGIN PASSWORD %L IN ROLE %I', '${canary('database')}', current_user); END $$`,
  );
  const behind = new URL(database.url);
  line = await TcpProxy.start({ host: behind.hostname, port: Number(behind.port) });
  receiver = await Receiver.start(answersWith(500));
}, 60_000);

afterAll(async () => {
  await service?.kill();
  await line.stop();
  await receiver.stop();
  await database.query(`DROP OWNED BY ${role}`);
  await database.query(`DROP ROLE ${role}`);
  await database.drop();
});

it('No secret that goes through the service stands in its log or in an answer', async () => {
  const databaseUrl = new URL(line.through(database.url));
  databaseUrl.username = role;
  databaseUrl.password = canaries.database;
  const secretsKey = canary('secrets key', randomBytes(32).toString('base64'));
  const admin = await aKey(database, 'admin');
  const device = await aKey(database, 'device', { deviceId: 'PIBOX-7' });
  canary("the admin's key", admin.key.split('_').slice(2).join('_'));
  canary("the device's key", device.key.split('_').slice(2).join('_'));
  service = await spawnService(databaseUrl.href, {
    ...{ AUTH_MODE: 'on', LOG_LEVEL: 'debug', SECRETS_KEY: secretsKey, DELIVERY_TIMEOUT_SECONDS: '1' },
    ...{ WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOW_CIDRS: '127.0.0.1' },
    SMTP_URL: `smtp://mailer:${canary('mail server')}@127.0.0.1:1`,
  });
  const json = { 'content-type': 'application/json', ...admin.headers };
  const posts = (path: string, body: unknown, headers: Record<string, string> = json) =>
    asks(path, { method: 'POST', headers, body: JSON.stringify(body) });

  // Secrets that the service makes, and shows once.
  const made = await asksForSecret(
    ...(['a key that was made', '/api/keys'] as const),
    { method: 'POST', headers: json, body: JSON.stringify({ name: 'x', role: 'viewer' }) },
    /psk_[a-z0-9]+_([\w-]{43})/,
  );
  const webhook = {
    kind: 'webhook',
    name: 'x',
    url: new URL(`/hooks/${canary('path of a webhook')}`, receiver.url()).href,
  };
  await asksForSecret(
    ...(['a webhook', '/api/channels'] as const),
    { method: 'POST', headers: json, body: JSON.stringify(webhook) },
    /whsec_([\w+/=-]+)/,
  );
  await posts('/api/channels', { kind: 'email', name: 'x', recipients: ['field-team@example.org'] });

  // Notifications that fail, and all that can be read about them.
  for (let failure = 0; failure < 3; failure += 1) {
    const event = aDevice(service, 'PIBOX-7').event('failed');
    expect(await posts('/api/sync-event', event, { ...json, ...device.headers })).toBe(201);
  }
  await posts('/api/channels/2/test', {});
  await posts('/api/channels/3/test', {});
  await eventually('the receiver was asked', () => receiver.received.length > 0);
  for (const path of [
    'channels',
    'channels/2',
    'notifications',
    'keys',
    'devices',
    'alerts',
    'audit',
    'stats',
  ]) {
    expect(await asks(`/api/${path}`, { headers: admin.headers })).toBe(200);
  }

  // Secrets where they belong and where they do not, right and wrong.
  const { key } = sentAs(
    `psk_${device.id}_${canary('a wrong key', 'w'.repeat(20) + randomBytes(12).toString('hex').slice(1))}`,
  );
  const opened = await fetch(`${service.url}/api/session`, { method: 'POST', headers: admin.headers });
  const [session] = opened.headers.getSetCookie()[0].split(';');
  canary("a session's token", session.slice(-43));
  expect(await asks('/api/session', { headers: { cookie: session } })).toBe(200);
  expect(await asks('/api/session', { method: 'DELETE', headers: { cookie: session } })).toBe(403);
  const cookie = `__Host-session=${canary('cookie')}; ${session}`;
  const wrong: Record<string, string>[] = [
    { authorization: `Bearer ${key}`, cookie },
    { 'x-api-key': key, cookie },
    { authorization: `Basic ${canary('basic', Buffer.from(randomBytes(18)).toString('base64'))}` },
    { authorization: canaries['a wrong key'], 'proxy-authorization': `Bearer ${canary('proxy')}` },
    {
      authorization: `Bearer ${admin.key} `,
      'x-request-id': canary('request id', `<${randomBytes(9).toString('hex')}>`),
    },
  ];
  for (const headers of wrong) {
    expect(await asks('/api/devices', { headers })).toBeLessThan(500);
    await posts('/api/sync-event', { device_id: 7 }, { ...json, ...headers });
  }
  await asks(`/api/nowhere?api_key=${admin.key}&password=${canary('query')}`, { headers: { cookie } });
  await posts(`/api/sync-event?key=${made}`, { password: canary('body'), secret: canaries.body });
  const broken = await sendRaw(
    service.url,
    `GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin.key}\r\nBroken : ${canary('broken message')}\r\n\r\n`,
  );
  answers.push(broken.body);

  // The database goes away, and with it the calm.
  const target = line.target;
  line.target = null;
  line.cut();
  await eventually('the outage is noticed', async () => {
    return (await asks('/api/stats', { headers: admin.headers })) === 503;
  });
  await posts('/api/sync-event', aDevice(service, 'PIBOX-7').event('ok'), { ...json, ...device.headers });
  line.target = target;
  await eventually('the outage is over', async () => {
    return (await asks('/api/stats', { headers: admin.headers })) === 200;
  });
  await service.kill();

  // It cannot start with a wrong password, and says so without it.
  databaseUrl.password = canary('a wrong database password');
  const failure = await spawnService(databaseUrl.href, { AUTH_MODE: 'on' }).catch(String);

  const told = { log: service.lines.join('\n'), answers: answers.join('\n'), failure: String(failure) };
  // Something was told at all: of refusals, deliveries, the outage and the failed start.
  expect(told.log).toMatch(/unauthenticated/);
  expect(told.log).toMatch(/503/);
  expect(told.failure).toMatch(/cannot start|password/);
  for (const one of service.lines) expect(() => JSON.parse(one) as unknown).not.toThrow();
  const found = Object.entries(canaries).flatMap(([what, secret]) =>
    Object.entries(told).flatMap(([where, text]) => (text.includes(secret) ? [`${what} in ${where}`] : [])),
  );
  expect(found).toEqual([]);
}, 120_000);
