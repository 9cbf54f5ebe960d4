import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { aChannel, asks, Wire } from './support/channels.js';
import { send } from './support/device.js';
import { everyPage } from './support/pages.js';
import { aKey } from './support/keys.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { answersWith, Behaviour, Receiver } from './support/receiver.js';
import { scratchFolder } from './support/scratch-folder.js';
import { SpawnedService, spawnService, startService, TestService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const KEY = randomBytes(32).toString('base64');
const OTHER_KEY = randomBytes(32).toString('base64');
const WEBHOOK = {
  kind: 'webhook',
  name: 'Field team',
  url: 'https://hooks.example.org/services/canary-Xy9z',
};
const SLACK = { ...WEBHOOK, kind: 'slack' };
const EMAIL = { kind: 'email', name: 'Field team', recipients: ['field-team@example.org'] };

let service: TestService;

beforeAll(async () => {
  service = await startService({ SECRETS_KEY: KEY, SMTP_URL: 'smtp://127.0.0.1:1' });
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

async function channels(of: { url: string } = service): Promise<Wire[]> {
  return (await send<Wire[]>(`${of.url}/api/channels`)).body;
}

/** Everything that a dump of the database would tell. */
async function dumpOf(database: TestDatabase): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(`SELECT ${name}::text AS row FROM ${name}`);
    texts.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return texts.join('\n');
}

describe('A channel', () => {
  it('is there from the start for the log', async () => {
    expect(await channels()).toEqual([
      expect.objectContaining({ id: 1, kind: 'log', name: 'Log', url: null, recipients: [], enabled: true }),
    ]);
  });

  it('takes all alerts when nothing else is said', async () => {
    const { status, body } = await asks(service, 'POST', '/channels', WEBHOOK);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: 2,
      kind: 'webhook',
      name: 'Field team',
      url: 'https://hooks.example.org/…Xy9z',
      recipients: [],
      alert_kinds: [],
      sites: [],
      wants_resolved: true,
      wants_reminders: true,
      enabled: true,
      disabled_reason: null,
      previous_secret_until: null,
      problem: null,
      created_at: expect.any(String) as string,
      updated_at: expect.any(String) as string,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
    });
  });

  it('keeps what an operator chose', async () => {
    const chosen = {
      alert_kinds: ['silent'],
      sites: ['Kibera Primary', 'École № 7'],
      wants_resolved: false,
      wants_reminders: false,
      enabled: false,
    };
    const { id } = await aChannel(service, { ...EMAIL, ...chosen });
    const { body } = await send(`${service.url}/api/channels/${String(id)}`);
    expect(body).toMatchObject({ ...EMAIL, ...chosen, url: null });
  });

  it('is one of a list that pages', async () => {
    for (let made = 0; made < 4; made += 1) await aChannel(service, { name: `Team ${made}` });
    const pages = await everyPage<Wire>(`${service.url}/api/channels?limit=2`);
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([
      ['Log', 'Team 0'],
      ['Team 1', 'Team 2'],
      ['Team 3'],
    ]);
  });

  it('changes in what is given, and in nothing else', async () => {
    const { secret: _shownOnce, updated_at, ...made } = await aChannel(service, { ...WEBHOOK, sites: ['A'] });
    const path = `/channels/${String(made.id)}`;
    const { status, body } = await asks(service, 'PATCH', path, {
      name: 'Night shift',
      wants_resolved: false,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...made,
      name: 'Night shift',
      wants_resolved: false,
      updated_at: expect.any(String) as string,
    });
    expect(Date.parse(String(body.updated_at))).toBeGreaterThanOrEqual(Date.parse(String(updated_at)));
    expect((await asks(service, 'PATCH', path, { sites: [] })).body).toMatchObject({ sites: [] });
    const moved = await asks(service, 'PATCH', path, {
      url: 'https://other.example.org/services/canary-0000',
    });
    expect(moved.body).toMatchObject({ url: 'https://other.example.org/…0000', name: 'Night shift' });
  });

  it('forgets why it was disabled when somebody enables it', async () => {
    const { id } = await aChannel(service);
    await service.database.query(
      `UPDATE channels SET enabled = FALSE, disabled_reason = 'gone' WHERE id = $1`,
      [id],
    );
    const path = `/channels/${String(id)}`;
    const renamed = await asks(service, 'PATCH', path, { name: 'Other' });
    expect(renamed.body).toMatchObject({ enabled: false, disabled_reason: 'gone' });
    const enabled = await asks(service, 'PATCH', path, { enabled: true });
    expect(enabled.body).toMatchObject({ enabled: true, disabled_reason: null });
  });

  it('goes with what was owed to it', async () => {
    const { id } = await aChannel(service);
    await service.database.query(
      `INSERT INTO notifications (channel_id, transition, facts) VALUES ($1, 'test', '{}')`,
      [id],
    );
    const { status, body } = await asks(service, 'DELETE', `/channels/${String(id)}`);
    expect([status, body]).toEqual([204, '']);
    expect(await channels()).toHaveLength(1);
    expect(await service.database.query('SELECT FROM notifications')).toEqual([]);
    expectProblem(await asks(service, 'DELETE', `/channels/${String(id)}`), 404, 'channel-not-found');
  });

  it('stays when it is the log, which can be switched off', async () => {
    expectProblem(await asks(service, 'DELETE', '/channels/1'), 409, 'log-channel-stays');
    const off = await asks(service, 'PATCH', '/channels/1', { enabled: false, sites: ['A'] });
    expect(off.body).toMatchObject({ kind: 'log', enabled: false, sites: ['A'] });
  });

  it.each(['', '/test', '/rotate-secret'])('%s answers 404 where there is none', async (action) => {
    const method = action === '' ? 'PATCH' : 'POST';
    const answer = await asks(service, method, `/channels/99${action}`, action === '' ? {} : undefined);
    expectProblem(answer, 404, 'channel-not-found');
    expectProblem(await send(`${service.url}/api/channels/99`), 404, 'channel-not-found');
    expectRefused(await asks(service, method, `/channels/x${action}`, action === '' ? {} : undefined), 'id');
  });
});

describe('A new channel is refused with 400', () => {
  const url = (text: unknown): Wire => ({ ...WEBHOOK, url: text });

  it.each<[string, string, Wire]>([
    ['of an unknown kind', 'kind', { ...WEBHOOK, kind: 'pager' }],
    ['of no kind', 'kind', { name: 'x', url: WEBHOOK.url }],
    ['that would be a second log', 'kind', { kind: 'log', name: 'Log' }],
    ['without a name', 'name', { kind: 'webhook', url: WEBHOOK.url }],
    ['with a blank name', 'name', { ...WEBHOOK, name: '  ' }],
    ['with a name that breaks a line', 'name', { ...WEBHOOK, name: 'a\nb' }],
    ['with a name of 201 characters', 'name', { ...WEBHOOK, name: 'x'.repeat(201) }],
    ['with a name of 1 MB', 'name', { ...WEBHOOK, name: 'x'.repeat(1_048_576) }],
    ['with a key that nobody knows', 'nmae', { ...WEBHOOK, nmae: 'x' }],
    ['with a secret of its own', 'secret', { ...WEBHOOK, secret: 'whsec_canary' }],
    ['without a URL', 'url', { kind: 'webhook', name: 'x' }],
    ['without a URL for Slack', 'url', { kind: 'slack', name: 'x' }],
    ['with a URL for e-mail', 'url', { ...EMAIL, url: WEBHOOK.url }],
    ['with recipients for a webhook', 'recipients', { ...WEBHOOK, recipients: ['a@example.org'] }],
    ['without recipients', 'recipients', { kind: 'email', name: 'x' }],
    ['with no recipient', 'recipients', { ...EMAIL, recipients: [] }],
    ['with a recipient that is none', 'recipients', { ...EMAIL, recipients: ['a@example.org', 'b'] }],
    [
      'with a recipient that begins a header',
      'recipients',
      { ...EMAIL, recipients: ['a@example.org\nBcc: b@example.org'] },
    ],
    [
      'with 21 recipients',
      'recipients',
      { ...EMAIL, recipients: Array.from({ length: 21 }, (_, n) => `a${n}@example.org`) },
    ],
    ['with a kind of alert that there is not', 'alert_kinds', { ...WEBHOOK, alert_kinds: ['late'] }],
    ['with 101 sites', 'sites', { ...WEBHOOK, sites: Array.from({ length: 101 }, (_, n) => `site ${n}`) }],
    ['with a site that breaks a line', 'sites', { ...WEBHOOK, sites: ['a\u0085b'] }],
    ['with null for sites', 'sites', { ...WEBHOOK, sites: null }],
    ['with a text for a truth value', 'enabled', { ...WEBHOOK, enabled: 'true' }],
    ['by plain http', 'url', url('http://hooks.example.org/pisync')],
    ['by another scheme', 'url', url('ftp://hooks.example.org/pisync')],
    ['at a file', 'url', url('file:///etc/passwd')],
    ['at what is no URL', 'url', url('hooks.example.org')],
    ['with a user in its URL', 'url', url('https://user:canary@hooks.example.org/')],
    ['at a port of something else', 'url', url('https://hooks.example.org:5432/')],
    ['at a private address', 'url', url('https://192.168.1.1/')],
    ['at this machine', 'url', url('https://localhost/')],
    ['at this machine in hexadecimal', 'url', url('https://0x7f000001/')],
    ['at a cloud’s metadata', 'url', url('https://169.254.169.254/latest')],
    ['at this machine by IPv6', 'url', url('https://[::1]/')],
    ['at this machine by IPv4 in IPv6', 'url', url('https://[::ffff:7f00:1]/')],
  ])('%s', async (_what, field, body) => {
    const answer = await asks(service, 'POST', '/channels', body);
    expectRefused(answer, field);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1_500);
    expect(await channels()).toHaveLength(1);
  });

  it('by its URL in a change, too', async () => {
    const { id } = await aChannel(service, SLACK);
    const path = `/channels/${String(id)}`;
    expectRefused(await asks(service, 'PATCH', path, { url: 'https://10.0.0.1/' }), 'url');
    expectRefused(await asks(service, 'PATCH', path, { url: null }), 'url');
    expectRefused(await asks(service, 'PATCH', path, { kind: 'webhook' }), 'kind');
    expectRefused(await asks(service, 'PATCH', path, { recipients: ['a@example.org'] }), 'recipients');
    expectRefused(await asks(service, 'PATCH', '/channels/1', { url: WEBHOOK.url }), 'url');
    expect((await send(`${service.url}/api/channels/${String(id)}`)).body).toMatchObject({
      url: 'https://hooks.example.org/…Xy9z',
    });
  });
});

describe('A webhook’s secret', () => {
  it('is shown on creation and never again', async () => {
    const { id, secret } = await aChannel(service);
    const path = `/channels/${String(id)}`;
    const later = [
      await send(`${service.url}/api${path}`),
      await send(`${service.url}/api/channels`),
      await asks(service, 'PATCH', path, { name: 'x' }),
    ];
    expect(secret).toMatch(/^whsec_/);
    for (const { body } of later) expect(JSON.stringify(body)).not.toMatch(/whsec_|"secret"|sealed/);
  });

  it('is replaced, and the old one signs for another 24 hours', async () => {
    const { id, secret } = await aChannel(service);
    const before = Date.now();
    const { status, body } = await asks(service, 'POST', `/channels/${String(id)}/rotate-secret`);
    expect(status).toBe(200);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(secret);
    const until = Date.parse(String(body.previous_secret_until));
    expect(until).toBeGreaterThanOrEqual(before + 24 * 3_600_000 - 60_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 24 * 3_600_000 + 60_000);
  });

  it('ends at once when the overlap is none', async () => {
    const { id } = await aChannel(service);
    const { body } = await asks(service, 'POST', `/channels/${String(id)}/rotate-secret?overlap_hours=0`);
    expect(body).toMatchObject({ previous_secret_until: null, secret: expect.any(String) as string });
  });

  it.each(['-1', '169', '1.5', 'x', ''])('does not overlap by %j hours', async (hours) => {
    const { id } = await aChannel(service);
    const path = `/channels/${String(id)}/rotate-secret?overlap_hours=${hours}`;
    expectRefused(await asks(service, 'POST', path), 'overlap_hours');
  });

  it('is nothing that other kinds have', async () => {
    for (const kind of [SLACK, EMAIL]) {
      const { id, secret } = await aChannel(service, kind);
      expect(secret).toBeNull();
      const answer = await asks(service, 'POST', `/channels/${String(id)}/rotate-secret`);
      expectProblem(answer, 409, 'channel-has-no-secret');
    }
  });
});

describe('What the database keeps of a channel', () => {
  it('tells neither its secrets nor its URL', async () => {
    const { id, secret } = await aChannel(service, WEBHOOK);
    const { body } = await asks(service, 'POST', `/channels/${String(id)}/rotate-secret`);
    await aChannel(service, SLACK);
    const dump = await dumpOf(service.database);
    expect(dump.match(/sealed1:[0-9a-f]{8}:/g)).toHaveLength(4);
    for (const canary of [secret, body.secret, 'canary', 'hooks.example.org', 'whsec_']) {
      expect(dump).not.toContain(canary);
      expect(dump).not.toContain(Buffer.from(String(canary)).toString('base64').replace(/=+$/, ''));
      expect(dump).not.toContain(Buffer.from(String(canary)).toString('hex'));
    }
  });
});

describe('A test message', () => {
  let local: TestService;
  let receiver: Receiver;
  let answer: Behaviour;

  beforeAll(async () => {
    local = await startService({
      SECRETS_KEY: KEY,
      WEBHOOK_ALLOW_CIDRS: '127.0.0.1',
      WEBHOOK_ALLOW_HTTP: 'true',
      DELIVERY_TIMEOUT_SECONDS: '1',
      PUBLIC_URL: 'https://pisync.school.example',
    });
  });

  beforeEach(async () => {
    answer = answersWith(204);
    receiver = await Receiver.start((request, response) => answer(request, response));
  });

  afterEach(async () => {
    await receiver.stop();
    await local.truncate();
  });

  afterAll(() => local.stop());

  async function test(channel: Wire): Promise<Wire> {
    const { status, body } = await asks(local, 'POST', `/channels/${String(channel.id)}/test`);
    expect(status).toBe(200);
    return body;
  }

  it('arrives at once, signed with the channel’s secret', async () => {
    const channel = await aChannel(local, { url: receiver.url() });
    expect(await test(channel)).toEqual({ delivered: true, status: 204, reason: null, notification_id: 1 });
    const [{ body, headers }] = receiver.received;
    const message = new Webhook(String(channel.secret)).verify(body, headers as Record<string, string>);
    expect(message).toMatchObject({
      type: 'channel.test',
      data: { link: `https://pisync.school.example/api/channels/${String(channel.id)}` },
    });
  });

  it('is signed with both secrets while one replaces the other, and with one when that is over', async () => {
    const channel = await aChannel(local, { url: receiver.url() });
    const rotate = `/channels/${String(channel.id)}/rotate-secret`;
    const { body: rotated } = await asks(local, 'POST', rotate);
    await test(channel);
    const both = receiver.received[0];
    for (const secret of [channel.secret, rotated.secret]) {
      new Webhook(String(secret)).verify(both.body, both.headers as Record<string, string>);
    }
    await local.database.query(`UPDATE channels SET previous_secret_until = now() WHERE id = $1`, [
      channel.id,
    ]);
    await test(channel);
    const one = receiver.received[1];
    new Webhook(String(rotated.secret)).verify(one.body, one.headers as Record<string, string>);
    expect(String(one.headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  it('arrives in a chat', async () => {
    const channel = await aChannel(local, { kind: 'slack', url: receiver.url() });
    expect(await test(channel)).toMatchObject({ delivered: true });
    expect(JSON.parse(receiver.received[0].body)).toMatchObject({ text: expect.any(String) as string });
  });

  it('goes to the log, and to a channel that is disabled', async () => {
    expect(await test({ id: 1 })).toMatchObject({ delivered: true, status: null });
    expect(await test(await aChannel(local, { url: receiver.url(), enabled: false }))).toMatchObject({
      delivered: true,
    });
  });

  it('tells what the receiver’s status was, and nothing that it said', async () => {
    answer = (_request, response) => response.writeHead(404).end('canary of an inner service');
    const channel = await aChannel(local, { url: receiver.url() });
    const told = await asks(local, 'POST', `/channels/${String(channel.id)}/test`);
    expect(told.body).toEqual({ delivered: false, status: 404, reason: 'http-404', notification_id: 1 });
    expect(await dumpOf(local.database)).not.toContain('canary of an inner service');
  });

  it('disables the channel of a receiver that is no more', async () => {
    answer = answersWith(410);
    const channel = await aChannel(local, { url: receiver.url() });
    expect(await test(channel)).toMatchObject({ delivered: false, status: 410, reason: 'http-410' });
    const { body } = await send(`${local.url}/api/channels/${String(channel.id)}`);
    expect(body).toMatchObject({ enabled: false, disabled_reason: expect.stringContaining('410') as string });
  });

  it('tells a receiver that hangs, and one that is not there', async () => {
    answer = () => undefined;
    const hanging = await aChannel(local, { url: receiver.url() });
    expect(await test(hanging)).toMatchObject({ delivered: false, status: null, reason: 'timeout' });
    const gone = await Receiver.start();
    const nobody = await aChannel(local, { url: gone.url() });
    await gone.stop();
    expect(await test(nobody)).toMatchObject({ delivered: false, reason: 'connection' });
  });

  it('is in the delivery log, once, finished and not to be tried again', async () => {
    answer = answersWith(500);
    const channel = await aChannel(local, { url: receiver.url() });
    const { notification_id } = await test(channel);
    const { body } = await send(`${local.url}/api/notifications/${String(notification_id)}`);
    expect(body).toMatchObject({
      channel_id: channel.id,
      alert_id: null,
      transition: 'test',
      status: 'dead',
      attempts: 1,
      next_attempt_at: null,
      finished_at: expect.any(String) as string,
      last_failure: 'http-500',
      last_status: 500,
    });
    expect(String(receiver.received[0].headers['webhook-id'])).toBe(`msg_${String(body.message_id)}`);
    expect(receiver.received).toHaveLength(1);
  });

  it('is claimed while it is under way, so that nobody else sends it', async () => {
    const leases: unknown[] = [];
    answer = (_request, response) => {
      void local.database
        .query(
          `SELECT status::text, leased_until > now() AND next_attempt_at > now() AS leased FROM notifications`,
        )
        .then((rows) => leases.push(...rows))
        .finally(() => response.writeHead(204).end());
    };
    await test(await aChannel(local, { url: receiver.url() }));
    expect(leases).toEqual([{ status: 'pending', leased: true }]);
  });
});

describe('A newer key', () => {
  it('seals anew at start what an older one had sealed, so that the older one can go', async () => {
    const database = await TestDatabase.create();
    const started = (keys: string): Promise<SpawnedService> =>
      spawnService(database.url, { SECRETS_KEY: keys });
    try {
      const older = await started(KEY);
      const { id } = await aChannel(older, WEBHOOK);
      await asks(older, 'POST', `/channels/${String(id)}/rotate-secret`);
      await aChannel(older, SLACK);
      await older.kill();
      const keysUsed = async (): Promise<string[]> =>
        (await dumpOf(database)).match(/sealed1:[0-9a-f]{8}/g) ?? [];
      const [olderId] = await keysUsed();
      await (await started(`${OTHER_KEY},${KEY}`)).kill();
      const used = await keysUsed();
      expect(used).toHaveLength(4);
      expect(used).not.toContain(olderId);
      expect(new Set(used).size).toBe(1);
      const newer = await started(OTHER_KEY);
      const [, webhook, slack] = await channels(newer);
      expect([webhook, slack]).toEqual([
        expect.objectContaining({ url: 'https://hooks.example.org/…Xy9z', problem: null }),
        expect.objectContaining({ url: 'https://hooks.example.org/…Xy9z', problem: null }),
      ]);
      await newer.kill();
    } finally {
      await database.drop();
    }
  }, 60_000);
});

describe('A service without SECRETS_KEY', () => {
  it('makes a key beside its data, for its owner alone, and finds it again', async () => {
    const folder = scratchFolder();
    const database = await TestDatabase.create();
    try {
      const first = await spawnService(database.url, { DATA_DIR: folder });
      expect(existsSync(join(folder, 'secrets.key'))).toBe(false);
      await aChannel(first, WEBHOOK);
      await first.kill();
      const second = await spawnService(database.url, { DATA_DIR: folder, LOG_LEVEL: 'debug' });
      expect((await channels(second))[1]).toMatchObject({
        url: 'https://hooks.example.org/…Xy9z',
        problem: null,
      });
      await aChannel(second, SLACK);
      expectRefused(await asks(second, 'POST', '/channels', { ...WEBHOOK, kind: 'pager' }), 'kind');
      await second.kill();
      const key = join(folder, 'secrets.key');
      expect(statSync(key).mode & 0o777).toBe(0o600);
      expect(Buffer.from(readFileSync(key, 'utf8').trim(), 'base64')).toHaveLength(32);
      for (const line of [...first.lines, ...second.lines]) expect(line).not.toMatch(/canary|whsec_/);
    } finally {
      await database.drop();
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  it('takes no webhook in production, and says which variable is missing', async () => {
    const folder = scratchFolder();
    const production = await startService({ NODE_ENV: 'production', DATA_DIR: folder });
    const { headers } = await aKey(production.database, 'admin');
    try {
      for (const channel of [WEBHOOK, SLACK]) {
        const answer = await asks(production, 'POST', '/channels', channel, headers);
        expectProblem(answer, 409, 'secrets-key-missing');
        expect(answer.body.detail).toMatch(/^SECRETS_KEY is not set/);
      }
      expect((await send<Wire[]>(`${production.url}/api/channels`, { headers })).body).toHaveLength(1);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await production.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('still lists channels that another one made, and says why it cannot send to them', async () => {
    await aChannel(service, WEBHOOK);
    const other = await spawnService(service.database.url, { SECRETS_KEY: OTHER_KEY });
    try {
      expect(await channels(other)).toEqual([
        expect.objectContaining({ kind: 'log', problem: null }),
        expect.objectContaining({
          url: null,
          problem: expect.stringMatching(/sealed with key [0-9a-f]{8}, which is not there/) as string,
        }),
      ]);
      const { body } = await asks(other, 'POST', '/channels/2/test');
      expect(body).toMatchObject({ delivered: false, reason: 'secret-unreadable' });
    } finally {
      await other.kill();
    }
  }, 60_000);
});

describe('A service without a mail server', () => {
  it('takes no e-mail channel, and says which variable is missing', async () => {
    const mailless = await startService();
    try {
      const answer = await asks(mailless, 'POST', '/channels', EMAIL);
      expectProblem(answer, 409, 'smtp-not-configured');
      expect(answer.body.detail).toMatch(/^SMTP_URL is not set/);
      expect(await channels(mailless)).toHaveLength(1);
    } finally {
      await mailless.stop();
    }
  });
});
