import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, signatureHeaders } from './webhook-signature.js';

describe('The signature of a webhook', () => {
  const id = '3f0c2b1e-8d4f-4d2b-9a51-0d6f1c7a2b33';
  const secret = newWebhookSecret();
  const body = JSON.stringify({ type: 'channel.test', note: 'Schüler, 学校, 🚌' });

  it('is what the public library of Standard Webhooks accepts', () => {
    expect(new Webhook(secret).verify(body, signatureHeaders(id, new Date(), body, [secret]))).toEqual(
      JSON.parse(body),
    );
  });

  it('is the one that the specification’s reference gives', () => {
    const sentAt = new Date(1_614_265_330_000);
    const known = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const headers = signatureHeaders(id, sentAt, body, [known]);
    expect(headers['webhook-signature']).toBe(new Webhook(known).sign(`msg_${id}`, sentAt, body));
    expect(headers['webhook-timestamp']).toBe('1614265330');
  });

  it.each([
    ['the body', (sent: Sent) => ({ ...sent, body: sent.body.replace('学', '孚') })],
    ['the id', (sent: Sent) => ({ ...sent, headers: { ...sent.headers, 'webhook-id': 'msg_other' } })],
    [
      'the time',
      (sent: Sent) => ({
        ...sent,
        headers: { ...sent.headers, 'webhook-timestamp': `${Number(sent.headers['webhook-timestamp']) + 1}` },
      }),
    ],
  ])('fails when %s was changed on the way', (_what, change) => {
    const changed = change({ body, headers: signatureHeaders(id, new Date(), body, [secret]) });
    expect(() => new Webhook(secret).verify(changed.body, changed.headers)).toThrow('No matching signature');
  });

  it('fails when it is sent again ten minutes later', () => {
    const headers = signatureHeaders(id, new Date(Date.now() - 600_000), body, [secret]);
    expect(() => new Webhook(secret).verify(body, headers)).toThrow('too old');
  });

  it('satisfies the holders of either secret during a rotation, and nobody else', () => {
    const next = newWebhookSecret();
    const headers = signatureHeaders(id, new Date(), body, [next, secret]);
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
    expect(() => new Webhook(next).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow('No matching signature');
  });
});

interface Sent {
  body: string;
  headers: Record<string, string>;
}

describe('A new secret', () => {
  it('is 32 bytes that nobody had before', () => {
    const [one, other] = [newWebhookSecret(), newWebhookSecret()];
    expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(other);
  });
});
