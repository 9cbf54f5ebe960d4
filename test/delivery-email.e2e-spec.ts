import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { AddressInfo, createServer } from 'node:net';
import { SMTPServerOptions } from 'smtp-server';
import { FAILING_ALERT, MESSAGES } from '../src/notifications/message.examples.js';
import { Destination } from '../src/notifications/message.js';
import { aDelivery } from './support/delivery.js';
import { MailServer, part } from './support/mail-server.js';

const opened = MESSAGES['alert.opened'];
const to = (...recipients: string[]): Destination => ({ kind: 'email', url: null, recipients, secrets: [] });

let server: MailServer;
const smtpFrom = 'PiSync <pisync@school.example>';

async function delivery(options?: SMTPServerOptions, credentials?: string) {
  server = await MailServer.start(options);
  return aDelivery({ smtpUrl: server.url(credentials), smtpFrom, deliveryTimeoutSeconds: 1 });
}

afterEach(async () => {
  await server?.stop();
});

describe('A mail', () => {
  it('arrives as text and as HTML, from the configured sender to every recipient', async () => {
    const sent = await delivery();
    expect(await sent.deliver(to('amina@school.example', 'ops@ngo.example'), opened)).toEqual({
      outcome: 'delivered',
    });
    const [mail] = server.mails;
    expect(mail.from).toBe('pisync@school.example');
    expect(mail.to).toEqual(['amina@school.example', 'ops@ngo.example']);
    expect(Object.fromEntries(mail.headers)).toMatchObject({
      from: 'PiSync <pisync@school.example>',
      to: 'amina@school.example, ops@ngo.example',
      subject: '[PiSync] PIBOX-7 at Kibera Primary keeps failing to sync',
      date: 'Mon, 04 May 2026 10:32:02 +0000',
      'message-id': `<${opened.id}@school.example>`,
      references: '<alert-41@school.example>',
      'auto-submitted': 'auto-generated',
    });
    expect(part(mail.raw, 'text/plain')).toContain('⚠️ Device PIBOX-7 has failed 3 times in a row!');
    expect(part(mail.raw, 'text/html')).toContain(
      '<strong>⚠️ Device PIBOX-7 has failed 3 times in a row!</strong>',
    );
  });

  it('has the same Message-ID at every attempt', async () => {
    const sent = await delivery();
    await sent.deliver(to('amina@school.example'), opened);
    await sent.deliver(to('amina@school.example'), opened);
    const [first, second] = server.mails.map(({ headers }) => headers.get('message-id'));
    expect(first).toBe(`<${opened.id}@school.example>`);
    expect(second).toBe(first);
  });

  it('gets no header and no recipient from what a device or an operator wrote', async () => {
    const attack = 'A\r\nBcc: evil@evil.example\r\n\r\n<b>body</b>\r\n.\r\nMAIL FROM:<x@evil.example>';
    const alert = {
      ...FAILING_ALERT,
      device_id: attack,
      device_name: attack,
      site: attack,
      last_error_message: attack,
      note: attack,
    };
    const sent = await delivery();
    expect(await sent.deliver(to('amina@school.example'), { ...opened, alert })).toEqual({
      outcome: 'delivered',
    });
    expect(server.mails).toHaveLength(1);
    const [{ headers, to: recipients }] = server.mails;
    expect(recipients).toEqual(['amina@school.example']);
    expect([...headers.keys()].sort()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'references',
      'subject',
      'to',
    ]);
  });

  it.each([
    ['amina@school.example\r\nRCPT TO:<evil@evil.example>'],
    ['amina@school.example, evil@evil.example'],
    ['Amina <amina@school.example>'],
    ['amina'],
    ['"\r\nBcc: evil@evil.example\r\n"@school.example'],
    [''],
  ])('is not sent to %j', async (recipient) => {
    const sent = await delivery();
    expect(await sent.deliver(to('ops@ngo.example', recipient), opened)).toEqual({
      outcome: 'failed',
      reason: 'invalid-recipient',
    });
    expect(server.mails).toEqual([]);
  });

  it('of every type is sent', async () => {
    const sent = await delivery();
    for (const message of Object.values(MESSAGES)) {
      expect(await sent.deliver(to('amina@school.example'), message)).toEqual({ outcome: 'delivered' });
    }
    expect(server.mails).toHaveLength(6);
  });
});

describe('A mail server', () => {
  const refusing = (responseCode: number) => ({
    onRcptTo: (_address: unknown, _session: unknown, done: (error: Error) => void) =>
      done(Object.assign(new Error('canary: what the server said'), { responseCode })),
  });

  it('that is not configured is said to be that', async () => {
    expect(await aDelivery().deliver(to('amina@school.example'), opened)).toEqual({
      outcome: 'failed',
      reason: 'smtp-not-configured',
    });
  });

  it.each([
    [450, 'smtp-4xx'],
    [550, 'smtp-5xx'],
  ])('that answers %i makes the attempt fail as %s', async (status, reason) => {
    const sent = await delivery(refusing(status) as SMTPServerOptions);
    expect(await sent.deliver(to('nobody@school.example'), opened)).toEqual({
      outcome: 'failed',
      reason,
      status,
    });
  });

  it('that takes one recipient of two has taken the message: the other must not make it come twice', async () => {
    const warnings: string[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (text: string) => void warnings.push(text),
    });
    const sent = await delivery({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('nobody') ? Object.assign(new Error('No'), { responseCode: 550 }) : null),
    });
    expect(await sent.deliver(to('nobody@school.example', 'ops@ngo.example'), opened)).toEqual({
      outcome: 'delivered',
    });
    expect(server.mails[0].to).toEqual(['ops@ngo.example']);
    expect(warnings).toEqual([`The mail server took message ${opened.id} for 1 of 2 recipients.`]);
  });

  const tls = {
    disabledCommands: [],
    key: readFileSync('test/support/certificates/receiver.key'),
    cert: readFileSync('test/support/certificates/receiver.pem'),
  };

  it('whose certificate nobody vouches for gets neither mail nor password', async () => {
    let passwords = 0;
    const sent = await delivery(
      { ...tls, onAuth: (_auth, _session, done) => (passwords++, done(null, { user: 'pisync' })) },
      'pisync:canary@',
    );
    expect(await sent.deliver(to('amina@school.example'), opened)).toEqual({
      outcome: 'failed',
      reason: 'tls',
    });
    expect([passwords, server.mails.length]).toEqual([0, 0]);
  });

  it('without TLS is told no password', async () => {
    let passwords = 0;
    const onAuth: SMTPServerOptions['onAuth'] = (_auth, _session, done) => (
      passwords++,
      done(null, { user: 'pisync' })
    );
    const sent = await delivery({ allowInsecureAuth: true, onAuth }, 'pisync:canary@');
    expect(await sent.deliver(to('amina@school.example'), opened)).toEqual({
      outcome: 'failed',
      reason: 'tls',
    });
    expect([passwords, server.mails.length]).toEqual([0, 0]);
  });

  it('with TLS is told the password over it', async () => {
    const onAuth: SMTPServerOptions['onAuth'] = (auth, session, done) =>
      auth.username === 'pisync' && auth.password === 'a/b' && session.secure
        ? done(null, { user: 'pisync' })
        : done(Object.assign(new Error('No'), { responseCode: 535 }));
    server = await MailServer.start({ ...tls, authOptional: false, onAuth });
    const query = '?tls.rejectUnauthorized=false';
    for (const [credentials, result] of [
      ['pisync:a%2Fb@', { outcome: 'delivered' }],
      ['pisync:wrong@', { outcome: 'failed', reason: 'smtp-5xx', status: 535 }],
    ] as const) {
      const sent = aDelivery({
        smtpUrl: server.url(credentials) + query,
        smtpFrom,
        deliveryTimeoutSeconds: 5,
      });
      expect(await sent.deliver(to('amina@school.example'), opened)).toEqual(result);
    }
    expect(server.mails.map(({ isSecure }) => isSecure)).toEqual([true]);
  });

  it('that nobody runs is told by its class', async () => {
    const sent = await delivery();
    await server.stop();
    expect(await sent.deliver(to('amina@school.example'), opened)).toEqual({
      outcome: 'failed',
      reason: 'connection',
    });
  });

  it.each([
    ['says nothing', '', ''],
    ['never ends its greeting', '', '220-welcome\r\n'],
    ['never ends its answer', '220 welcome\r\n', '250-and\r\n'],
  ])('that %s is given up by the deadline', async (_what, greeting, line) => {
    const mute = createServer((socket) => {
      socket.write(greeting);
      const timer = setInterval(() => line && socket.write(line), 200);
      socket.on('error', () => undefined);
      socket.on('close', () => clearInterval(timer));
    }).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const smtpUrl = `smtp://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const started = performance.now();
    expect(
      await aDelivery({ smtpUrl, deliveryTimeoutSeconds: 1 }).deliver(to('amina@school.example'), opened),
    ).toEqual({ outcome: 'failed', reason: 'timeout' });
    expect(performance.now() - started).toBeLessThan(3_000);
    mute.close();
    // Closes only when every connection is gone: it was hung up, not only forgotten.
    await once(mute, 'close');
  });
});
