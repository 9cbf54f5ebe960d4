import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Config } from './config.js';
import { ConfigError, loadConfig, variables } from './load-config.js';

/** A key for stored secrets. */
const KEY = randomBytes(32).toString('base64');

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('The configuration', () => {
  it('needs no variable at all', () => {
    expect(loadConfig({})).toEqual(new Config());
    expect(loadConfig({}).port).toBe(3000);
  });

  it('reads each variable by its name', () => {
    const config = loadConfig({
      PORT: '0',
      HOST: '::1',
      DATABASE_URL: 'postgresql://pisync:a%2Fb@db.internal:5433/fleet?sslmode=require',
      MIGRATE_ON_START: 'true',
      PUBLIC_URL: 'https://school.example/pisync/',
      SECRETS_KEY: KEY,
      ALERT_FAILURE_STREAK: '5',
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      TRUST_PROXY: '10.0.0.0/8,::1',
      LOG_LEVEL: 'silent',
      WEBHOOK_ALLOW_CIDRS: '192.168.1.0/24,fd00::/8',
      WEBHOOK_ALLOW_HTTP: 'true',
      DELIVERY_TIMEOUT_SECONDS: '5',
      SMTP_URL: 'smtps://pisync:a%2Fb@mail.example.org',
      ALERT_DIGEST_OVER: '0',
      SMTP_FROM: 'alerts@school.example',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '::1',
      databaseUrl: 'postgresql://pisync:a%2Fb@db.internal:5433/fleet?sslmode=require',
      migrateOnStart: true,
      publicUrl: 'https://school.example/pisync/',
      secretsKey: [KEY],
      alertFailureStreak: 5,
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      trustProxy: ['10.0.0.0/8', '::1'],
      logLevel: 'silent',
      webhookAllowCidrs: ['192.168.1.0/24', 'fd00::/8'],
      webhookAllowHttp: true,
      deliveryTimeoutSeconds: 5,
      smtpUrl: 'smtps://pisync:a%2Fb@mail.example.org',
      alertDigestOver: 0,
      smtpFrom: 'alerts@school.example',
    });
  });

  it.each([
    ['postgres://pisync@pisync_db/pisync'],
    ['postgresql:///pisync?host=/var/run/postgresql'],
    ['postgresql://pisync:p%40ss@[::1]:5432/pisync'],
  ])('takes %s for a database', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ PORT: '', CORS_ORIGINS: '', DATABASE_URL: '' })).toEqual(new Config());
  });

  it('ignores variables that are not its own', () => {
    expect(problemsOf({ PATH: '/bin', CONSTRUCTOR: 'x', __PROTO__: 'x' })).toEqual([]);
  });

  it('names every problem at once, by the variable', () => {
    const problems = problemsOf({
      PORT: '65536',
      LOG_LEVEL: 'loud',
      MIGRATE_ON_START: 'yes',
      NODE_ENV: 'staging',
    });
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'LOG_LEVEL',
      'MIGRATE_ON_START',
      'NODE_ENV',
      'PORT',
    ]);
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '3000.5'],
    ['PORT', 'http'],
    ['PORT', ' '],
    ['DATABASE_POOL_SIZE', '0'],
    ['RECORDER_BATCH_SIZE', '1001'],
    ['ALERT_FAILURE_STREAK', '0'],
    ['MIGRATE_ON_START', '1'],
    ['PUBLIC_URL', 'pisync.school.example'],
    ['PUBLIC_URL', 'ftp://pisync.school.example'],
    ['PUBLIC_URL', 'https://user:password@pisync.school.example'],
    ['PUBLIC_URL', 'https://pisync.school.example/?a=b'],
    ['SECRETS_KEY', 'swordfish'],
    ['SECRETS_KEY', randomBytes(31).toString('base64')],
    ['SECRETS_KEY', randomBytes(33).toString('base64')],
    ['SECRETS_KEY', `${KEY},${KEY}`],
    ['SECRETS_KEY', Buffer.alloc(32, 'a').toString('base64')],
    ['DATABASE_URL', 'mysql://root@localhost/x'],
    ['DATABASE_URL', 'localhost:5432'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'dashboard.example'],
    ['CORS_ORIGINS', 'https://dashboard.example/path'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '1'],
    ['TRUST_PROXY', '0.0.0.0/0'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/8,'],
    ['WEBHOOK_ALLOW_CIDRS', 'true'],
    ['WEBHOOK_ALLOW_CIDRS', '0.0.0.0/0'],
    ['WEBHOOK_ALLOW_CIDRS', '::/0'],
    ['WEBHOOK_ALLOW_CIDRS', 'receiver.lan'],
    ['WEBHOOK_ALLOW_HTTP', '1'],
    ['DELIVERY_TIMEOUT_SECONDS', '0'],
    ['DELIVERY_TIMEOUT_SECONDS', '31'],
    ['ALERT_DIGEST_OVER', '-1'],
    ['SMTP_URL', 'mail.example.org:587'],
    ['SMTP_URL', 'https://mail.example.org'],
    ['SMTP_URL', 'smtp:///'],
    ['SMTP_FROM', 'PiSync'],
    ['SMTP_FROM', 'a@b.example, c@d.example'],
    ['SMTP_FROM', 'a@b.example\r\nBcc: c@d.example'],
  ])('refuses %s=%s', (variable, value) => {
    expect(problemsOf({ [variable]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${variable} must be `)),
    ]);
  });

  it('refuses to run in production without a database of its own', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
    expect(problemsOf({ NODE_ENV: 'production', DATABASE_URL: 'postgresql://db/pisync' })).toEqual([]);
  });

  it('never repeats a value, which may be a secret', () => {
    const text = problemsOf({
      DATABASE_URL: 'mysql://root:canary@db/x',
      SECRETS_KEY: 'canary',
      CORS_ORIGINS: 'canary',
      LOG_LEVEL: 'canary',
      SMTP_URL: 'http://pisync:canary@mail.example.org',
    });
    expect(text).toHaveLength(5);
    expect(text.join('\n')).not.toContain('canary');
  });
});

describe('.env.example', () => {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  const entries = lines.flatMap((line, place) => {
    const entry = /^#?([A-Z][A-Z_]+)=(.*)$/.exec(line);
    return entry ? [{ variable: entry[1], value: entry[2], above: lines[place - 1] ?? '' }] : [];
  });

  it('names every variable once, and no other', () => {
    expect(entries.map(({ variable }) => variable).sort()).toEqual(
      variables()
        .map(([, variable]) => variable)
        .sort(),
    );
  });

  it.each(entries)('gives a reason for $variable', ({ above }) => {
    expect(above).toMatch(/^# .{20,}/);
  });

  it('shows the defaults', () => {
    const shown = Object.fromEntries(
      entries
        .filter(({ variable }) => variable !== 'DATABASE_URL')
        .map(({ variable, value }) => [variable, value]),
    );
    expect(loadConfig(shown)).toEqual(new Config());
  });
});
