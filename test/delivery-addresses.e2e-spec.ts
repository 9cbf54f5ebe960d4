import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ValidationFailed } from '../src/domain/domain-error.js';
import { MESSAGES } from '../src/notifications/message.examples.js';
import { Delivery } from '../src/notifications/message.js';
import { aDelivery, LOCAL, webhookTo } from './support/delivery.js';
import { NameServer } from './support/name-server.js';
import { scratchFolder } from './support/scratch-folder.js';
import { Receiver } from './support/receiver.js';

/** Addresses of this machine that nothing may reach without being allowed to. 127.0.0.2 is there on Linux only. */
const CANARIES = ['127.0.0.1', '::1', ...(process.platform === 'linux' ? ['127.0.0.2'] : [])];

const opened = MESSAGES['alert.opened'];
let canaries: Receiver[];
let nameServer: NameServer;

beforeAll(async () => {
  canaries = await Promise.all(CANARIES.map((host) => Receiver.start(undefined, { host })));
  nameServer = await NameServer.start({
    'public.test': () => ['8.8.8.8'],
    'loopback.test': () => ['127.0.0.1'],
    'loopback6.test': () => ['::1'],
    'private.test': () => ['10.0.0.1'],
    'metadata.test': () => ['169.254.169.254'],
    'mapped.test': () => ['::ffff:7f00:1'],
    'nat64.test': () => ['64:ff9b::7f00:1'],
    'mixed.test': () => ['8.8.8.8', '127.0.0.1'],
    'mixed-families.test': () => ['8.8.8.8', '::1'],
    'rebinding.test': (lookup) => (lookup === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    'half-allowed.test': () => ['127.0.0.1', '127.0.0.2'],
  });
});
afterAll(async () => {
  nameServer.stop();
  await Promise.all(canaries.map((canary) => canary.stop()));
});

function connectionsToCanaries(): number {
  return canaries.reduce((sum, canary) => sum + canary.connections, 0);
}

function problemOf(url: string, settings = {}): string | undefined {
  try {
    aDelivery(settings).assertDestinationAllowed(url);
  } catch (error) {
    if (error instanceof ValidationFailed && error.errors[0].field === 'url') return error.errors[0].message;
    throw error;
  }
  return undefined;
}

/** Whatever is refused here is refused for the address: ports and http are open in some network, so not told apart. */
function sendTo(url: string): Promise<Delivery> {
  const settings = { webhookAllowCidrs: ['192.0.2.0/24'], webhookAllowHttp: true };
  return aDelivery(settings, { nameServer }).deliver(webhookTo(url), opened);
}

describe('A literal address', () => {
  it.each([
    ['127.0.0.1'],
    ['127.0.0.1.'],
    ['127.1'],
    ['0x7f.1'],
    ['0x7f000001'],
    ['2130706433'],
    ['017700000001'],
    ['0177.0.0.1'],
    ['127.0.0.2'],
    ['127.255.255.254'],
    ['①②⑦.⓪.⓪.①'],
    ['１２７.０.０.１'],
    ['%31%32%37.0.0.1'],
    ['127。0。0。1'],
    ['0'],
    ['0.0.0.0'],
    ['localhost'],
    ['LOCALHOST'],
    ['localhost.'],
    ['anything.localhost'],
    ['[::1]'],
    ['[0:0:0:0:0:0:0:1]'],
    ['[::]'],
    ['[::127.0.0.1]'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:7f00:1]'],
    ['[::ffff:a9fe:a9fe]'],
    ['[::ffff:0:7f00:1]'],
    ['[64:ff9b::7f00:1]'],
    ['[64:ff9b::a9fe:a9fe]'],
    ['[64:ff9b:1::7f00:1]'],
    ['[2002:7f00:1::]'],
    ['[2002:a9fe:a9fe::1]'],
    ['[2001:0:7f00:1::]'],
    ['[fe80::1]'],
    ['[fc00::1]'],
    ['[fd00:ec2::254]'],
    ['[ff02::1]'],
    ['10.0.0.1'],
    ['100.64.0.1'],
    ['100.100.100.200'],
    ['169.254.169.254'],
    ['2852039166'],
    ['0xa9fea9fe'],
    ['172.16.0.1'],
    ['172.31.255.255'],
    ['192.0.0.192'],
    ['192.168.1.1'],
    ['198.18.0.1'],
    ['198.51.100.1'],
    ['203.0.113.1'],
    ['224.0.0.1'],
    ['240.0.0.1'],
    ['255.255.255.255'],
  ])('%s is refused when it is kept and when it is sent to', async (host) => {
    expect(problemOf(`https://${host}/hook`)).toMatch(
      'must not point to a private, local or reserved address',
    );
    for (const scheme of ['http', 'https']) {
      for (const port of canaries.map((canary) => canary.port)) {
        expect(await sendTo(`${scheme}://${host}:${port}/hook`)).toEqual({
          outcome: 'failed',
          reason: 'refused-address',
        });
      }
    }
    expect(connectionsToCanaries()).toBe(0);
  });
});

describe('A URL', () => {
  it.each([
    ['ftp://files.example/x', 'must begin with https://'],
    ['file:///etc/passwd', 'must begin with https://'],
    ['gopher://hooks.example/', 'must begin with https://'],
    ['data:text/plain,x', 'must begin with https://'],
    ['javascript:alert(1)', 'must begin with https://'],
    ['http://hooks.example/x', 'must begin with https://'],
    ['hooks.example/x', 'must be a URL'],
    ['//hooks.example/x', 'must be a URL'],
    ['https://', 'must be a URL'],
    ['', 'must be a URL'],
    ['https://hooks.example\\@127.0.0.1/', 'must be a URL'],
    ['https:\\\\127.0.0.1/', 'must be a URL'],
    ['https://hooks.example/\r\nHost: 127.0.0.1', 'must be a URL'],
    ['https://hooks.exa\tmple/', 'must be a URL'],
    ['https://[fe80::1%25eth0]/', 'must be a URL'],
    ['https://256.256.256.256/', 'must be a URL'],
    [`https://hooks.example/${'x'.repeat(2_048)}`, 'must be a URL'],
    ['https://user@hooks.example/', 'must carry neither user name nor password'],
    ['https://:password@hooks.example/', 'must carry neither user name nor password'],
    ['https://hooks.example@127.0.0.1/', 'must carry neither user name nor password'],
    ['https://hooks.example:22/', 'must use port 443 or 8443'],
    ['https://hooks.example:80/', 'must use port 443 or 8443'],
    ['https://hooks.example:5432/', 'must use port 443 or 8443'],
    ['https://8.8.8.8:6379/', 'must use port 443 or 8443'],
  ])('%s is refused when it is kept and when it is sent to', async (url, problem) => {
    expect(problemOf(url)).toMatch(problem);
    expect(await aDelivery({}, { nameServer }).deliver(webhookTo(url), opened)).toEqual({
      outcome: 'failed',
      reason: expect.stringMatching(/^refused-(url|scheme|port)$/),
    });
  });

  it.each([
    ['https://hooks.example/x'],
    ['https://hooks.example:8443/x?token=a#b'],
    ['https://8.8.8.8/'],
    ['https://[2606:4700:4700::1111]/'],
    ['https://schüler.example/'],
  ])('%s is fine', (url) => {
    expect(problemOf(url)).toBeUndefined();
  });

  it('may be http, on port 80, where the configuration says so', () => {
    expect(problemOf('http://hooks.example/', { webhookAllowHttp: true })).toBeUndefined();
    expect(problemOf('http://hooks.example:443/', { webhookAllowHttp: true })).toMatch('must use port');
    expect(problemOf('ftp://hooks.example/', { webhookAllowHttp: true })).toBe(
      'must begin with https:// or http://',
    );
  });

  it('may have any port where a network of our own may be behind its name', () => {
    const settings = { webhookAllowCidrs: ['192.168.1.0/24'] };
    expect(problemOf('https://chat.lan:8065/', settings)).toBeUndefined();
    expect(problemOf('https://192.168.1.9:8065/', settings)).toBeUndefined();
    expect(problemOf('https://192.168.2.9:8065/', settings)).toMatch('must not point to a private');
    expect(problemOf('https://8.8.8.8:8065/', settings)).toMatch('must use port');
  });
});

describe('A name', () => {
  it.each([
    ['loopback.test'],
    ['loopback6.test'],
    ['private.test'],
    ['metadata.test'],
    ['mapped.test'],
    ['nat64.test'],
  ])('%s is refused for what it stands for', async (host) => {
    for (const canary of canaries) {
      expect(await sendTo(`http://${host}:${canary.port}/`)).toEqual({
        outcome: 'failed',
        reason: 'refused-address',
      });
    }
    expect(nameServer.lookups.get(host)).toBe(canaries.length);
    expect(connectionsToCanaries()).toBe(0);
  });

  it.each([['mixed.test'], ['mixed-families.test']])(
    '%s is refused for one denied address, although the other is public',
    async (host) => {
      // On a port that public addresses may be reached on.
      for (const url of [`http://${host}/`, `https://${host}/`]) {
        expect(await sendTo(url)).toEqual({ outcome: 'failed', reason: 'refused-address' });
      }
    },
  );

  it('of a public address is refused on any other port', async () => {
    expect(await sendTo('https://public.test:5432/')).toEqual({ outcome: 'failed', reason: 'refused-port' });
  });

  it('that stands for an allowed and a denied address is refused, whichever would be taken', async () => {
    const [canary] = canaries;
    expect(
      await aDelivery(LOCAL, { nameServer }).deliver(webhookTo(canary.url('half-allowed.test')), opened),
    ).toEqual({ outcome: 'failed', reason: 'refused-address' });
    expect(connectionsToCanaries()).toBe(0);
  });

  it('is looked up once: what was checked is what is connected to', async () => {
    const receiver = await Receiver.start();
    const denied = await Receiver.start(undefined, { host: CANARIES.at(-1) });
    try {
      const delivery = aDelivery(LOCAL, { nameServer });
      const url = receiver.url('rebinding.test');
      expect(await delivery.deliver(webhookTo(url), opened)).toMatchObject({ outcome: 'delivered' });
      expect(nameServer.lookups.get('rebinding.test')).toBe(1);
      // The name has moved on; no connection is kept that would still lead to where it stood before.
      expect(await delivery.deliver(webhookTo(url), opened)).toEqual({
        outcome: 'failed',
        reason: 'refused-address',
      });
      expect([receiver.connections, denied.connections]).toEqual([1, 0]);
    } finally {
      await Promise.all([receiver.stop(), denied.stop()]);
    }
  });

  it('in the hosts file is known, and judged like any other', async () => {
    const hostsFile = join(scratchFolder(), 'hosts');
    writeFileSync(hostsFile, '# ours\n127.0.0.1 chat.lan chat # the chat\n10.0.0.5\tprinter.lan\n');
    const receiver = await Receiver.start();
    try {
      const delivery = aDelivery(LOCAL, { nameServer, hostsFile });
      for (const [host, outcome] of [
        ['chat.lan', 'delivered'],
        ['CHAT', 'delivered'],
        ['printer.lan', 'failed'],
      ])
        expect(await delivery.deliver(webhookTo(receiver.url(host)), opened)).toMatchObject({ outcome });
    } finally {
      await receiver.stop();
    }
  });
});

describe('A proxy of the environment', () => {
  it('is not heard', async () => {
    const receiver = await Receiver.start();
    const [proxy] = canaries;
    const variables = [
      'HTTP_PROXY',
      'http_proxy',
      'HTTPS_PROXY',
      'https_proxy',
      'ALL_PROXY',
      'NODE_USE_ENV_PROXY',
    ];
    const before = variables.map((variable) => process.env[variable]);
    for (const variable of variables) process.env[variable] = proxy.url();
    process.env.NODE_USE_ENV_PROXY = '1';
    try {
      expect(await aDelivery(LOCAL).deliver(webhookTo(receiver.url()), opened)).toMatchObject({
        outcome: 'delivered',
      });
    } finally {
      variables.forEach((variable, place) => {
        if (before[place] === undefined) delete process.env[variable];
        else process.env[variable] = before[place];
      });
      await receiver.stop();
    }
    expect(connectionsToCanaries()).toBe(0);
  });
});
