import { connect } from 'node:net';
import { send } from './support/device.js';
import { aKey, Key } from './support/keys.js';
import { expectProblem } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

let service: TestService;
let admin: Key;

beforeAll(async () => {
  service = await startService({
    AUTH_MODE: 'on',
    KEY_CACHE_SECONDS: '0',
    ADDRESS_REQUESTS_PER_MINUTE: '100000',
  });
  admin = await aKey(service.database, 'admin');
});

afterAll(() => service.stop());

/** Sends bytes as they are, and gives the status of the answer; 0 where the connection was closed without one. */
function rawStatus(head: string, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () =>
      socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n${body}`, 'latin1'),
    );
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    );
  });
}

const keysWith = (headers: Record<string, string>) => send(`${service.url}/api/keys`, { headers });

describe('A key', () => {
  it('is taken from Authorization: Bearer, and from X-API-Key', async () => {
    expect((await keysWith(admin.headers)).status).toBe(200);
    expect((await keysWith({ 'x-api-key': admin.key })).status).toBe(200);
  });

  it('that is missing is asked for', async () => {
    const answer = await keysWith({});
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="pisync"');
  });

  it('that is not valid is refused in the same words, whatever is wrong with it', async () => {
    const [, id, secret] = /^psk_(\w{16})_(.+)$/.exec(admin.key)!;
    const revoked = await aKey(service.database, 'admin', { revokedAt: new Date() });
    const expired = await aKey(service.database, 'admin', { expiresAt: new Date(Date.now() - 1_000) });
    const bodies = new Set<string>();
    for (const key of [
      revoked.key,
      expired.key,
      `psk_${id}_${secret.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      `psk_${id}_${'A'.repeat(43)}`,
      // Of another installation: nobody here has made it.
      `psk_zzzzzzzzzzzzzzzz_${secret}`,
      'x',
    ]) {
      const answer = await keysWith({ authorization: `Bearer ${key}` });
      expectProblem(answer, 401, 'unauthenticated');
      bodies.add(JSON.stringify({ ...answer.body, request_id: '' }));
    }
    expect(bodies.size).toBe(1);
  });

  it('ends at its time, by the server’s clock', async () => {
    const key = await aKey(service.database, 'viewer', { expiresAt: new Date('2030-01-01T00:00:00Z') });
    const status = async (at: string) => {
      stopServerClock(service, at);
      return (await send(`${service.url}/api/stats`, { headers: key.headers })).status;
    };
    expect(await status('2029-12-31T23:59:59.999Z')).toBe(200);
    expect(await status('2030-01-01T00:00:00.000Z')).toBe(401);
    letServerClockRun(service);
  });

  it('is noted as used, at most once an hour', async () => {
    const key = await aKey(service.database, 'viewer');
    const noted = async (): Promise<Date | null> => {
      await send(`${service.url}/api/stats`, { headers: key.headers });
      const [row] = await service.database.query<{ last_used_at: Date | null }>(
        'SELECT last_used_at FROM access_keys WHERE id = $1',
        [key.id],
      );
      return row.last_used_at;
    };
    const until = async (time: string): Promise<void> => {
      stopServerClock(service, time);
      const deadline = Date.now() + 5_000;
      while ((await noted())?.toISOString() !== time)
        if (Date.now() > deadline) throw new Error(`never noted at ${time}`);
    };
    await until('2026-05-04T10:00:00.000Z');
    stopServerClock(service, '2026-05-04T10:59:59.000Z');
    for (let times = 0; times < 5; times += 1) await noted();
    expect(await noted()).toEqual(new Date('2026-05-04T10:00:00.000Z'));
    await until('2026-05-04T11:00:00.000Z');
    letServerClockRun(service);
  });
});

describe('Without a valid key nobody gets in', () => {
  const GET = 'GET /api/keys HTTP/1.1';

  it.each<[string, (key: string) => string]>([
    ['no header', () => GET],
    ['an empty Authorization', () => `${GET}\r\nAuthorization:`],
    ['an empty X-API-Key', () => `${GET}\r\nX-API-Key:`],
    ['Bearer alone', () => `${GET}\r\nAuthorization: Bearer`],
    ['Bearer and spaces', () => `${GET}\r\nAuthorization: Bearer    `],
    ['the scheme in lower case', (key) => `${GET}\r\nAuthorization: bearer ${key}`],
    ['the scheme in upper case', (key) => `${GET}\r\nAuthorization: BEARER ${key}`],
    ['the key in upper case', (key) => `${GET}\r\nAuthorization: Bearer ${key.toUpperCase()}`],
    [
      'another scheme',
      (key) => `${GET}\r\nAuthorization: Basic ${Buffer.from(`:${key}`).toString('base64')}`,
    ],
    ['no scheme', (key) => `${GET}\r\nAuthorization: ${key}`],
    ['two spaces before the key', (key) => `${GET}\r\nAuthorization: Bearer  ${key}`],
    ['something behind the key', (key) => `${GET}\r\nAuthorization: Bearer ${key} x`],
    ['a comma and a second key', (key) => `${GET}\r\nAuthorization: Bearer ${key}, Bearer ${key}`],
    [
      'two Authorization headers',
      (key) => `${GET}\r\nAuthorization: Bearer ${key}\r\nAuthorization: Bearer x`,
    ],
    [
      'two of them, the other way round',
      (key) => `${GET}\r\nauthorization: Bearer x\r\nAuthorization: Bearer ${key}`,
    ],
    ['two X-API-Key headers', (key) => `${GET}\r\nX-API-Key: ${key}\r\nX-API-Key: ${key}`],
    ['both headers', (key) => `${GET}\r\nAuthorization: Bearer ${key}\r\nX-API-Key: ${key}`],
    ['the key in the query', (key) => `GET /api/keys?api_key=${key}&access_token=${key}&key=${key} HTTP/1.1`],
    ['the key in a cookie', (key) => `${GET}\r\nCookie: key=${key}; access_token=${key}`],
    ['the key in Proxy-Authorization', (key) => `${GET}\r\nProxy-Authorization: Bearer ${key}`],
    ['a key of 15 kB', () => `${GET}\r\nAuthorization: Bearer ${'A'.repeat(15_000)}`],
    ['a key of other letters', (key) => `${GET}\r\nAuthorization: Bearer ${key.slice(0, -1)}é`],
    ['another method by a header', () => `GET /api/keys HTTP/1.1\r\nX-HTTP-Method-Override: OPTIONS`],
    ['a doubled slash', () => 'GET //keys HTTP/1.1'],
    ['doubled slashes around /api', () => 'GET //api//keys HTTP/1.1'],
    ['a slash at the end', () => 'GET /api/keys/ HTTP/1.1'],
    ['another case of the path', () => 'GET /API/Keys HTTP/1.1'],
    ['an encoded letter', () => 'GET /api/%6beys HTTP/1.1'],
    ['an encoded dot', () => 'GET /api/health/%2e%2e/keys HTTP/1.1'],
    ['a dotted path', () => 'GET /api/health/../keys HTTP/1.1'],
    ['a semicolon', () => 'GET /api/keys;/health HTTP/1.1'],
    ['a whole URL', () => 'GET http://x/api/keys HTTP/1.1'],
    [
      'a header that says the path',
      () => `GET /api/keys HTTP/1.1\r\nX-Original-URL: /health\r\nX-Rewrite-URL: /health`,
    ],
    [
      'an address of the machine itself',
      () => `${GET}\r\nX-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1`,
    ],
    ['HEAD', () => 'HEAD /api/keys HTTP/1.1'],
    ['OPTIONS', () => 'OPTIONS /api/keys HTTP/1.1'],
    ['TRACE', () => 'TRACE /api/keys HTTP/1.1'],
    ['POST', () => 'POST /api/keys HTTP/1.1'],
    ['PUT', () => 'PUT /api/keys HTTP/1.1'],
    ['DELETE', () => `DELETE /api/keys/${admin.id} HTTP/1.1`],
    ['PROPFIND', () => 'PROPFIND /api/keys HTTP/1.1'],
  ])('with %s', async (_, head) => {
    expect([401, 404, 405]).toContain(await rawStatus(head(admin.key)));
  });

  it.each([
    ['a NUL in the key', `${GET}\r\nAuthorization: Bearer psk_\0`, 400],
    ['a key of 1 MiB', `${GET}\r\nAuthorization: Bearer ${'A'.repeat(1_048_576)}`, 431],
  ])('with %s, which Node itself refuses', async (_, head, status) => {
    // It may close the connection before its answer is read.
    expect([status, 0]).toContain(await rawStatus(head));
  });

  it('and the same key, sent as it should be, does get in', async () => {
    expect(await rawStatus(`${GET}\r\nAuthorization: Bearer ${admin.key}`)).toBe(200);
    // Spaces at the end are no part of a header's value (RFC 9110, 5.5).
    expect(await rawStatus(`${GET}\r\nX-API-Key: ${admin.key}   `)).toBe(200);
  });

  it('nor has a body looked at', async () => {
    const post = (type: string, body: string) =>
      send(`${service.url}/api/sync-events`, { method: 'POST', headers: { 'content-type': type }, body });
    for (const [type, body] of [
      ['application/json', '[' + '{"device_id":1},'.repeat(60_000) + '{}]'],
      ['application/json', '{'],
      ['text/plain', 'x'],
    ])
      expectProblem(await post(type, body), 401, 'unauthenticated');
  });
});

describe('What is public', () => {
  it('takes no notice of a wrong key', async () => {
    for (const path of ['/health/live', '/api/health', '/api/time', '/openapi.json'])
      expect((await send(service.url + path, { headers: { authorization: 'Bearer x' } })).status).toBe(200);
  });
});

describe('While the database is away', () => {
  it('nobody is told that a good key is not valid', async () => {
    const alone = await startService({ AUTH_MODE: 'on', KEY_CACHE_SECONDS: '0' });
    const key = await aKey(alone.database, 'viewer');
    await alone.database.query('ALTER TABLE access_keys RENAME TO access_keys_away');
    await alone.database.query(
      "CREATE FUNCTION gone() RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '57P01'; END $$",
    );
    await alone.database.query(
      `CREATE VIEW access_keys AS SELECT gone() AS id, secret_sha256, name, role, device_id, expires_at, revoked_at,
         last_used_at FROM access_keys_away`,
    );
    const answer = await send(`${alone.url}/api/stats`, { headers: key.headers });
    expectProblem(answer, 503, 'database-unavailable');
    await alone.stop();
  });
});
