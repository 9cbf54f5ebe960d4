import { Answer, send } from './support/device.js';
import { eventually } from './support/eventually.js';
import { aKey, Key, KeyWish, Role, ROLES } from './support/keys.js';
import { expectProblem } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { SpawnedService, spawnService, startService, TestService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const COOKIE = '__Host-pisync_session';

type Headers = Record<string, string>;

let service: TestService;

beforeAll(async () => {
  service = await startService({ AUTH_MODE: 'on', ADDRESS_REQUESTS_PER_MINUTE: '1000000' });
});

afterEach(() => letServerClockRun(service));

afterAll(() => service.stop());

function logIn(key: string | undefined, headers: Headers = {}, { url }: { url: string } = service) {
  return send(`${url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ key }),
  });
}

/** What a browser sends back. */
function cookieOf(answer: Answer): string {
  expect(answer.status).toBe(201);
  return answer.headers.getSetCookie()[0].split(';')[0];
}

/** A browser that has logged in. */
async function aSession(role: Role = 'operator', wish: KeyWish = {}): Promise<{ cookie: string; key: Key }> {
  const key = await aKey(service.database, role, wish);
  return { cookie: cookieOf(await logIn(key.key)), key };
}

const whoAmI = (headers: Headers, { url }: { url: string } = service) =>
  send(`${url}/api/session`, { headers });

/** Changes something that only an admin may: makes a key. */
const makeKey = (headers: Headers) =>
  send(`${service.url}/api/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ name: 'made from a page', role: 'viewer' }),
  });

/** The public part of the token. */
function idIn(cookie: string): string {
  return cookie.split('=pss_')[1].slice(0, 16);
}

async function isKept(cookie: string): Promise<boolean> {
  const rows = await service.database.query('SELECT FROM sessions WHERE id = $1', [idIn(cookie)]);
  return rows.length === 1;
}

async function sessions(): Promise<number> {
  const [{ count }] = await service.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM sessions',
  );
  return count;
}

describe('Logging in', () => {
  it('exchanges an operator’s key for a cookie that no script, other site or neighbour can use', async () => {
    stopServerClock(service, '2026-05-04T08:00:00Z');
    const key = await aKey(service.database, 'operator');
    const answer = await logIn(key.key);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const [cookie, ...others] = answer.headers.getSetCookie();
    expect(others).toEqual([]);
    const [value, ...flags] = cookie.split('; ');
    expect(value).toMatch(/^__Host-pisync_session=pss_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$/);
    expect(flags.filter((flag) => !flag.startsWith('Expires='))).toEqual([
      `Max-Age=${12 * 3_600}`,
      'Path=/',
      'HttpOnly',
      'Secure',
      'SameSite=Strict',
    ]);
    expect(answer.body).toEqual({
      session_id: idIn(value),
      key_id: key.id,
      name: 'a operator of the tests',
      role: 'operator',
      expires_at: '2026-05-04T20:00:00.000Z',
    });
    expect((await whoAmI({ cookie: value })).body).toEqual(answer.body);
  });

  it('takes the key from Authorization or X-API-Key too, without any body', async () => {
    const key = await aKey(service.database, 'viewer');
    for (const headers of [key.headers, { 'x-api-key': key.key }]) {
      const answer = await send(`${service.url}/api/session`, { method: 'POST', headers });
      expect((await whoAmI({ cookie: cookieOf(answer) })).status).toBe(200);
    }
  });

  it.each<[string, (key: string) => unknown]>([
    ['no key', () => ({})],
    ['an empty key', () => ({ key: '' })],
    ['a key that is no text', () => ({ key: 5 })],
    ['a list of keys', (key) => ({ key: [key] })],
    ['a wrong key', (key) => ({ key: `${key.slice(0, -4)}AAAA` })],
    ['a session’s token for a key', (key) => ({ key: key.replace('psk', 'pss') })],
    ['nothing', () => null],
    ['a list', () => []],
    ['the key in a body of 2 kB', (key) => ({ key, more: 'x'.repeat(2_000) })],
  ])('with %s is refused, and gives no cookie', async (_, body) => {
    const { key } = await aKey(service.database, 'admin');
    const answer = await send(`${service.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body(key)),
    });
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('is not for devices and fleets', async () => {
    for (const role of ['device', 'fleet'] as const)
      expectProblem(await logIn((await aKey(service.database, role)).key), 403, 'forbidden');
  });

  it('is not done by the page of another site', async () => {
    const { key } = await aKey(service.database, 'viewer');
    const before = await sessions();
    const foreign: Headers[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: service.url },
    ];
    for (const headers of foreign) expectProblem(await logIn(key, headers), 403, 'forbidden');
    expect(await sessions()).toBe(before);
    expect((await logIn(key, { origin: service.url })).status).toBe(201);
  });

  it('takes away sessions that have ended, and the oldest of more than a hundred of one key', async () => {
    await service.truncate();
    stopServerClock(service, '2026-05-04T08:00:00Z');
    await aSession('viewer');
    stopServerClock(service, '2026-05-05T08:00:00Z');
    const { key, cookie: first } = await aSession('viewer');
    expect(await sessions()).toBe(1);
    await service.database.query(
      `INSERT INTO sessions (id, secret_sha256, key_id, created_at, expires_at)
       SELECT 's' || lpad(number::text, 15, '0'), decode(repeat('00', 32), 'hex'), $1,
         TIMESTAMPTZ '2026-05-05T08:00:01Z', TIMESTAMPTZ '2026-05-05T20:00:00Z'
       FROM generate_series(1, 99) AS number`,
      [key.id],
    );
    expect(await isKept(first)).toBe(true);
    stopServerClock(service, '2026-05-05T08:00:02Z');
    const last = cookieOf(await logIn(key.key));
    expect([await sessions(), await isKept(first)]).toEqual([100, false]);
    expect((await whoAmI({ cookie: last })).status).toBe(200);
  });
});

describe('A session', () => {
  it('may what its key may, and no more', async () => {
    for (const role of ROLES.slice(2)) {
      const { cookie, key } = await aSession(role);
      for (const path of ['/stats', '/keys', '/channels']) {
        const [bySession, byKey] = await Promise.all(
          [{ cookie }, key.headers].map((headers) => send(`${service.url}/api${path}`, { headers })),
        );
        expect([role, path, bySession.status]).toEqual([role, path, byKey.status]);
      }
    }
  });

  it('is kept as the SHA-256 of its secret and nothing else of it', async () => {
    const { cookie } = await aSession();
    const secret = cookie.slice(-43);
    const [{ whole }] = await service.database.query<{ whole: string }>(
      "SELECT string_agg(sessions::text, ' ') AS whole FROM sessions",
    );
    expect(whole).not.toContain(secret);
    expect(whole).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
  });

  it('ends at its time, by the server’s clock', async () => {
    stopServerClock(service, '2026-05-04T08:00:00Z');
    const { cookie } = await aSession();
    stopServerClock(service, '2026-05-04T19:59:59.999Z');
    expect((await whoAmI({ cookie })).status).toBe(200);
    stopServerClock(service, '2026-05-04T20:00:00.000Z');
    expectProblem(await whoAmI({ cookie }), 401, 'unauthenticated');
  });

  it('ends with its key where that ends first', async () => {
    stopServerClock(service, '2026-05-04T08:00:00Z');
    const { cookie } = await aSession('viewer', { expiresAt: new Date('2026-05-04T09:00:00Z') });
    expect((await whoAmI({ cookie })).body.expires_at).toBe('2026-05-04T09:00:00.000Z');
    stopServerClock(service, '2026-05-04T09:00:00Z');
    expectProblem(await whoAmI({ cookie }), 401, 'unauthenticated');
  });

  it('ends at once where its key is revoked', async () => {
    const { cookie, key } = await aSession('viewer');
    expect((await whoAmI({ cookie })).status).toBe(200);
    const admin = await aKey(service.database, 'admin');
    await send(`${service.url}/api/keys/${key.id}`, { method: 'DELETE', headers: admin.headers });
    expectProblem(await whoAmI({ cookie }), 401, 'unauthenticated');
  });

  it('is none with a token that is not quite right, or sent twice', async () => {
    const { cookie } = await aSession();
    const [name, token] = cookie.split('=');
    const wrongSecret = token.slice(0, -43) + 'A'.repeat(43);
    for (const bad of [
      `${name}=${wrongSecret}`,
      `${name}=`,
      `${name}=${token}x`,
      `${name}="${token}"`,
      `${name}=${token.replace('pss', 'psk')}`,
      `pisync_session=${token}`,
      `x${name}=${token}`,
      `${cookie}; ${cookie}`,
      `${cookie}; ${name}=x`,
    ])
      expectProblem(await whoAmI({ cookie: bad }), 401, 'unauthenticated');
    expect((await whoAmI({ cookie: `theme=dark; ${cookie}; other=1` })).status).toBe(200);
  });

  it('gives way to a key in the same request, valid or not', async () => {
    const { cookie } = await aSession('admin');
    const viewer = await aKey(service.database, 'viewer');
    expect((await whoAmI({ cookie, ...viewer.headers })).body).toMatchObject({
      session_id: null,
      key_id: viewer.id,
      role: 'viewer',
    });
    expectProblem(await whoAmI({ cookie, authorization: 'Bearer x' }), 401, 'unauthenticated');
  });
});

describe('A request that changes something by session', () => {
  let cookie: string;

  beforeAll(async () => {
    cookie = (await aSession('admin')).cookie;
  });

  it.each<[string, () => Headers]>([
    ['Sec-Fetch-Site: same-origin', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['its own Origin', () => ({ origin: service.url })],
    ['both', () => ({ 'sec-fetch-site': 'same-origin', origin: service.url })],
  ])('is taken with %s', async (_, headers) => {
    expect((await makeKey({ cookie, ...headers() })).status).toBe(201);
  });

  it.each<[string, () => Headers]>([
    ['nothing that tells its page', () => ({})],
    ['Sec-Fetch-Site: cross-site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['Sec-Fetch-Site: same-site', () => ({ 'sec-fetch-site': 'same-site' })],
    ['Sec-Fetch-Site: none', () => ({ 'sec-fetch-site': 'none' })],
    ['another Origin', () => ({ origin: 'https://evil.example' })],
    ['an Origin of another port', () => ({ origin: 'http://127.0.0.1:1' })],
    ['its own Origin, but on https', () => ({ origin: service.url.replace('http', 'https') })],
    ['Origin: null', () => ({ origin: 'null' })],
    ['its own Origin within another', () => ({ origin: `${service.url}.evil.example` })],
    ['its own Origin, and cross-site', () => ({ 'sec-fetch-site': 'cross-site', origin: service.url })],
    ['a Referer of its own alone', () => ({ referer: `${service.url}/` })],
    [
      'another host that a proxy is said to serve',
      () => ({
        origin: 'https://evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      }),
    ],
  ])('is refused with %s, and changes nothing', async (_, headers) => {
    const keys = () => service.database.query('SELECT id FROM access_keys');
    const before = (await keys()).length;
    expectProblem(await makeKey({ cookie, ...headers() }), 403, 'forbidden');
    expect(await keys()).toHaveLength(before);
  });

  it('may come from where PUBLIC_URL says that the service is', async () => {
    const behindProxy = await startService({
      AUTH_MODE: 'on',
      PUBLIC_URL: 'https://pisync.school.example/',
    });
    try {
      const { key } = await aKey(behindProxy.database, 'viewer');
      const own = { cookie: cookieOf(await logIn(key, {}, behindProxy)) };
      const logOut = (origin: string) =>
        send(`${behindProxy.url}/api/session`, { method: 'DELETE', headers: { ...own, origin } });
      expectProblem(await logOut('https://school.example'), 403, 'forbidden');
      expect((await logOut('https://pisync.school.example')).status).toBe(204);
    } finally {
      await behindProxy.stop();
    }
  });
});

describe('Logging out', () => {
  const logOut = (headers: Headers) =>
    send(`${service.url}/api/session`, {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    });

  it('ends the session at once, takes the cookie away and leaves the key', async () => {
    const { cookie, key } = await aSession();
    const other = cookieOf(await logIn(key.key));
    const answer = await logOut({ cookie });
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()).toEqual([
      `${COOKIE}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict`,
    ]);
    expectProblem(await whoAmI({ cookie }), 401, 'unauthenticated');
    expectProblem(await logOut({ cookie }), 401, 'unauthenticated');
    expect((await whoAmI({ cookie: other })).status).toBe(200);
    expect((await whoAmI(key.headers)).status).toBe(200);
  });

  it('with a key there is nothing to end', async () => {
    const { headers } = await aKey(service.database, 'viewer');
    expectProblem(await logOut(headers), 404, 'session-not-found');
  });
});

describe('Where nobody is asked for a key', () => {
  let local: TestService;

  beforeAll(async () => {
    local = await startService();
  });
  afterAll(() => local.stop());

  it('everybody is the local admin, and there is nothing to log in to', async () => {
    expect((await whoAmI({}, local)).body).toEqual({
      session_id: null,
      key_id: null,
      name: 'local',
      role: 'admin',
      expires_at: null,
    });
    expectProblem(await logIn('x', {}, local), 409, 'session-not-needed');
  });

  it('the page of another site can still change nothing', async () => {
    const test = (headers: Headers) => send(`${local.url}/api/channels/1/test`, { method: 'POST', headers });
    const foreign: Headers[] = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }];
    for (const headers of foreign) expectProblem(await test(headers), 403, 'forbidden');
    expect((await test({ origin: local.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await test({})).status).toBe(200);
  });

  it('but the pages of CORS_ORIGINS may', async () => {
    const open = await startService({ CORS_ORIGINS: 'https://map.example' });
    const report = (origin: string) =>
      send(`${open.url}/api/sync-event`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, 'sec-fetch-site': 'cross-site' },
        body: '{"device_id":"PIBOX-7","total_files_synced":1,"total_errors":0,"internet_speed":1}',
      });
    expect((await report('https://map.example')).status).toBe(201);
    expectProblem(await report('https://evil.example'), 403, 'forbidden');
    await open.stop();
  });
});

describe('Two replicas', () => {
  /** By default 15, and 30 at most. */
  const CACHE_SECONDS = 2;
  let database: TestDatabase;
  let replicas: SpawnedService[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    await aKey(database, 'admin');
    const settings = { AUTH_MODE: 'on', KEY_CACHE_SECONDS: String(CACHE_SECONDS) };
    replicas = await Promise.all([
      spawnService(database.url, settings),
      spawnService(database.url, settings),
    ]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.drop();
  });

  async function openOnBoth(): Promise<{ cookie: string; key: Key }> {
    const key = await aKey(database, 'viewer');
    const cookie = cookieOf(await logIn(key.key, {}, replicas[0]));
    for (const replica of replicas) expect((await whoAmI({ cookie }, replica)).status).toBe(200);
    return { cookie, key };
  }

  /** It goes on asking, as an open page would: what is in use must run out all the same. */
  async function expectEndOn(replica: SpawnedService, cookie: string): Promise<void> {
    await eventually(
      'the other replica refuses the session',
      async () => (await whoAmI({ cookie }, replica)).status === 401,
      (CACHE_SECONDS + 1) * 1_000,
    );
  }

  it('both refuse a session that was closed: the one that was asked at once, the other when its cache has run out', async () => {
    const { cookie } = await openOnBoth();
    const { status } = await send(`${replicas[0].url}/api/session`, {
      method: 'DELETE',
      headers: { cookie, origin: replicas[0].url },
    });
    expect(status).toBe(204);
    expect((await whoAmI({ cookie }, replicas[0])).status).toBe(401);
    await expectEndOn(replicas[1], cookie);
  });

  it('both refuse a session whose key was revoked', async () => {
    const { cookie, key } = await openOnBoth();
    const admin = await aKey(database, 'admin');
    await send(`${replicas[0].url}/api/keys/${key.id}`, { method: 'DELETE', headers: admin.headers });
    expect((await whoAmI({ cookie }, replicas[0])).status).toBe(401);
    await expectEndOn(replicas[1], cookie);
  });
});
