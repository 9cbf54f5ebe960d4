import { redacted } from './redacted.js';

describe('What is logged', () => {
  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'apiKey',
    'api_key',
    'password',
    'smtpPassword',
    'PGPASSWORD',
    'secret',
    'webhook_secret',
    'secretKey',
    'access_token',
    'encryptionKey',
    'databaseUrl',
  ])('has no value for %s', (name) => {
    expect(JSON.stringify(redacted({ [name]: 'canary' }))).not.toContain('canary');
  });

  it.each(['device_id', 'path', 'key_id', 'keyId', 'tokens_left', 'passed', 'message'])(
    'keeps %s',
    (name) => {
      expect(redacted({ [name]: 'plain' })).toEqual({ [name]: 'plain' });
    },
  );

  it('has none deeper inside either, in arrays and objects, whatever kind it has', () => {
    const told = redacted({
      attempts: [{ request: { headers: { cookie: ['canary-1'], accept: '*/*' } } }],
      auth: { secret: { value: 'canary-2' } },
      password: 42_000_000,
      hasPassword: true,
    });
    expect(told).toEqual({
      attempts: [{ request: { headers: { cookie: '[redacted]', accept: '*/*' } } }],
      auth: { secret: '[redacted]' },
      password: '[redacted]',
      hasPassword: true,
    });
  });

  it('ends, even where it holds itself, and shows no bytes', () => {
    const circular: Record<string, unknown> = { bytes: Buffer.from('canary') };
    circular.self = circular;
    const text = JSON.stringify(redacted(circular));
    expect(text).toContain('[deeper]');
    expect(text).not.toContain('canary');
  });
});
