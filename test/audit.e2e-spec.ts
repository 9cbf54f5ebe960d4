import { Controller, Delete, Get, Module, Post } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { readFileSync } from 'node:fs';
import { AuditTrailService } from '../src/access/audit/audit-trail.service.js';
import { AuditedRoutes } from '../src/access/audit/audited-routes.js';
import { Audited, NotAudited } from '../src/access/audit/audited.decorator.js';
import { PrismaService } from '../src/database/prisma.service.js';
import { asks } from './support/channels.js';
import { Answer, send } from './support/device.js';
import { aKey, Key } from './support/keys.js';
import { SENDING } from './support/outbox.js';
import { everyPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { fieldsOf, OPERATIONS } from './support/routes.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { spawnService, startService, TestService } from './support/service.js';

/** Routes that may change something and leave no entry; whoever adds to this list has to say why at the route. */
const NOT_AUDITED = ['POST /api/sync-event', 'POST /api/sync-events'];

/** Stands wherever a value must not be written down. */
const CANARY = 'canary-5f3a';

interface Entry {
  id: number;
  at: string;
  actor: string;
  actor_name: string;
  action: string;
  resource: string;
  resource_id: string;
  details: Record<string, unknown>;
  request_id: string | null;
}

/** Something to ask for that will be granted. */
interface Deed {
  readonly path: string;
  readonly body?: Record<string, unknown>;
  /** Those of the admin where none are given. */
  readonly headers?: Record<string, string>;
  /** Who stands in the entry, where it is not the admin. */
  readonly actor?: string;
  /** What it is done to, as far as it is known before. */
  readonly resourceId?: string;
  /** What stands in the entry beside the fields of the body. */
  readonly adds?: string[];
}

let service: TestService;
let admin: Key;

beforeAll(async () => {
  service = await startService({
    ...SENDING,
    AUTH_MODE: 'on',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ADDRESS_REQUESTS_PER_MINUTE: '1000000',
  });
});

beforeEach(async () => {
  await service.truncate();
  admin = await aKey(service.database, 'admin');
});

afterEach(() => letServerClockRun(service));

afterAll(() => service.stop());

const ask = (method: string, { path, body, headers = admin.headers }: Deed): Promise<Answer> =>
  send(`${service.url}/api${path}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });

async function log(query = ''): Promise<Entry[]> {
  const answer = await send<Entry[]>(`${service.url}/api/audit${query}`, { headers: admin.headers });
  expect(answer.status).toBe(200);
  return answer.body;
}

async function entries(): Promise<number> {
  const [{ count }] = await service.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM audit_log',
  );
  return count;
}

/** A device that has failed three times. @returns the id of its open alert */
async function anAlert(deviceId: string): Promise<string> {
  const { headers } = await aKey(service.database, 'device', { deviceId });
  for (let times = 0; times < 3; times += 1) {
    const body = { device_id: deviceId, total_files_synced: 0, total_errors: 1, internet_speed: null };
    expect((await ask('POST', { path: '/sync-event', headers, body })).status).toBe(201);
  }
  const alerts = await send<{ id: number }[]>(`${service.url}/api/alerts?device_id=${deviceId}`, {
    headers: admin.headers,
  });
  return String(alerts.body[0].id);
}

async function aWebhook(): Promise<string> {
  const body = { kind: 'webhook', name: 'Field team', url: `https://hooks.example.org/${CANARY}` };
  return String((await ask('POST', { path: '/channels', body })).body.id);
}

async function aDeliveredNotification(): Promise<string> {
  return String((await ask('POST', { path: '/channels/1/test' })).body.notification_id);
}

const CHANNEL = {
  name: 'Field team',
  alert_kinds: ['failing'],
  sites: ['Kibera Primary'],
  wants_resolved: true,
  wants_reminders: false,
  enabled: true,
};

/** For each route that is audited, what it takes to do each thing that it can do. */
const DEEDS: Record<string, (() => Promise<Deed> | Deed)[]> = {
  'POST /api/keys': [
    () => ({
      path: '/keys',
      body: {
        name: 'Amina',
        role: 'device',
        device_id: 'PIBOX-8',
        site: 'x',
        expires_at: '2999-01-01T00:00:00Z',
      },
    }),
    () => ({ path: '/keys', body: { name: 'Spring', role: 'fleet', max_uses: 3, new_devices_per_hour: 2 } }),
  ],
  'DELETE /api/keys/{id}': [
    async () => {
      const { id } = await aKey(service.database, 'viewer');
      return { path: `/keys/${id}`, resourceId: id };
    },
  ],
  'POST /api/enroll': [
    async () => {
      const { headers, id } = await aKey(service.database, 'fleet');
      const body = { device_id: 'PIBOX-new', name: 'PiBox in the library' };
      return { path: '/enroll', headers, body, actor: id, resourceId: 'PIBOX-new', adds: ['key_id'] };
    },
  ],
  'POST /api/devices/{device_id}/enrolment': [
    async () => {
      await aKey(service.database, 'device', { deviceId: 'PIBOX-9' });
      return { path: '/devices/PIBOX-9/enrolment', resourceId: 'PIBOX-9' };
    },
  ],
  'POST /api/session': [
    async () => {
      const { id, key } = await aKey(service.database, 'viewer');
      return { path: '/session', headers: {}, body: { key }, actor: id };
    },
    () => ({ path: '/session' }),
  ],
  'DELETE /api/session': [
    async () => {
      const { id, key } = await aKey(service.database, 'viewer');
      const answer = await ask('POST', { path: '/session', headers: {}, body: { key } });
      const cookie = answer.headers.getSetCookie()[0].split(';')[0];
      return {
        path: '/session',
        headers: { cookie, origin: service.url },
        actor: id,
        resourceId: answer.body.session_id as string,
      };
    },
  ],
  'POST /api/alerts/{id}/acknowledge': [
    async () => {
      const id = await anAlert('PIBOX-7');
      const body = { by: 'Amina', note: `My number is ${CANARY}` };
      return { path: `/alerts/${id}/acknowledge`, body, resourceId: id };
    },
  ],
  'DELETE /api/alerts/{id}/acknowledge': [
    async () => {
      const id = await anAlert('PIBOX-7');
      const path = `/alerts/${id}/acknowledge`;
      await ask('POST', { path, body: { by: 'Amina' } });
      return { path, resourceId: id };
    },
  ],
  'PATCH /api/devices/{device_id}': [
    async () => {
      await anAlert('PIBOX-7');
      const body = {
        name: 'Library',
        site: null,
        labels: ['solar'],
        expected_interval_seconds: 60,
        paused: true,
      };
      return { path: '/devices/PIBOX-7', body, resourceId: 'PIBOX-7' };
    },
  ],
  'POST /api/channels': [
    () => ({
      path: '/channels',
      body: { ...CHANNEL, kind: 'webhook', url: `https://hooks.example.org/${CANARY}` },
    }),
    () => ({
      path: '/channels',
      body: { ...CHANNEL, kind: 'email', recipients: [`${CANARY}@example.org`] },
    }),
  ],
  'PATCH /api/channels/{id}': [
    async () => {
      const id = await aWebhook();
      return {
        path: `/channels/${id}`,
        body: { ...CHANNEL, url: `https://x.example/${CANARY}` },
        resourceId: id,
      };
    },
    async () => {
      const body = { kind: 'email', name: 'Office', recipients: ['a@example.org'] };
      const id = String((await ask('POST', { path: '/channels', body })).body.id);
      return { path: `/channels/${id}`, body: { recipients: [`${CANARY}@example.org`] }, resourceId: id };
    },
  ],
  'DELETE /api/channels/{id}': [
    async () => {
      const id = await aWebhook();
      return { path: `/channels/${id}`, resourceId: id };
    },
  ],
  'POST /api/channels/{id}/test': [
    () => ({ path: '/channels/1/test', resourceId: '1', adds: ['delivered', 'reason'] }),
  ],
  'POST /api/channels/{id}/rotate-secret': [
    async () => {
      const id = await aWebhook();
      return {
        path: `/channels/${id}/rotate-secret?overlap_hours=2`,
        resourceId: id,
        adds: ['overlap_hours'],
      };
    },
  ],
  'POST /api/notifications/{id}/replay': [
    async () => {
      const id = await aDeliveredNotification();
      return { path: `/notifications/${id}/replay`, resourceId: id };
    },
  ],
};

const methodOf = (route: string): string => route.split(' ')[0];

describe('Each route that changes something', () => {
  it('is audited, but for what devices report, and tried below', () => {
    const changing = [...OPERATIONS].filter(([route]) => !route.startsWith('GET '));
    const audited = changing.filter(([, operation]) => operation['x-audit'] !== undefined);
    const silent = changing.filter(([, operation]) => operation['x-audit'] === undefined);
    expect(silent.map(([route]) => route).sort()).toEqual(NOT_AUDITED);
    expect(audited.map(([route]) => route).sort()).toEqual(Object.keys(DEEDS).sort());
    expect(audited.length).toBeGreaterThan(10);
  });

  it.each(Object.entries(DEEDS))(
    'leaves exactly one entry, that says who and what: %s',
    async (route, deeds) => {
      const operation = OPERATIONS.get(route)!;
      const tried = new Set<string>();
      for (const prepared of deeds) {
        const deed = await prepared();
        const before = await entries();
        const answer = await ask(methodOf(route), deed);
        expect([route, answer.status, answer.status < 300]).toEqual([route, answer.status, true]);
        expect(await entries()).toBe(before + 1);

        const [entry] = await log('?limit=1');
        const actor = deed.actor ?? admin.id;
        const [name] = await service.database.query<{ name: string }>(
          'SELECT name FROM access_keys WHERE id = $1',
          [actor],
        );
        const idInAnswer = answer.body.id ?? answer.body.session_id;
        expect(entry).toEqual({
          id: expect.any(Number) as number,
          at: expect.any(String) as string,
          actor,
          actor_name: name.name,
          action: operation['x-audit'],
          resource: operation['x-audit']?.split('.')[0],
          resource_id: deed.resourceId ?? String(idInAnswer),
          details: expect.any(Object) as object,
          request_id: answer.headers.get('x-request-id'),
        });
        expect(entry.resource_id).not.toBe('undefined');
        const given = Object.keys(deed.body ?? {});
        expect(Object.keys(entry.details).sort()).toEqual([...given, ...(deed.adds ?? [])].sort());
        for (const field of given) tried.add(field);
      }
      // A field that nobody has decided about would not be in the details.
      expect([...tried].sort()).toEqual(fieldsOf(operation).sort());
    },
  );

  it('leaves none where it is refused', async () => {
    const viewer = await aKey(service.database, 'viewer');
    const fleet = await aKey(service.database, 'fleet');
    for (const [route, [prepared]] of Object.entries(DEEDS)) {
      const deed = await prepared();
      const before = await entries();
      const stranger = route.endsWith('/session') ? fleet : viewer;
      for (const headers of [{}, { authorization: 'Bearer x' }, stranger.headers]) {
        if (route === 'POST /api/session' && Object.keys(headers).length === 0) continue;
        const { status } = await ask(methodOf(route), { ...deed, headers });
        expect([route, status]).toEqual([route, expect.any(Number)]);
        expect([401, 403]).toContain(status);
      }
      expect([route, await entries()]).toEqual([route, before]);
    }
    for (const [method, path, body] of [
      ['DELETE', '/keys/aaaaaaaaaaaaaaaa', undefined],
      ['POST', '/keys', { name: '', role: 'viewer' }],
      ['PATCH', '/devices/nobody', { name: 'x' }],
      ['DELETE', '/channels/1', undefined],
      ['POST', '/alerts/999999/acknowledge', { by: 'x' }],
    ] as const) {
      const before = await entries();
      expect((await ask(method, { path, body })).status).toBeGreaterThanOrEqual(400);
      expect([path, await entries()]).toEqual([path, before]);
    }
  });

  it('leaves no secret and nothing of one’s own there, whatever was asked for', async () => {
    const secrets = new Set<string>([CANARY, admin.key.slice(-43)]);
    for (const [route, deeds] of Object.entries(DEEDS))
      for (const prepared of deeds) {
        const deed = await prepared();
        const { body } = await ask(methodOf(route), deed);
        for (const text of [body.key, body.secret, deed.body?.key, deed.headers?.cookie])
          if (typeof text === 'string') secrets.add(text.slice(-32));
      }
    const [{ whole }] = await service.database.query<{ whole: string }>(
      "SELECT string_agg(audit_log::text, ' ') AS whole FROM audit_log",
    );
    expect(secrets.size).toBeGreaterThan(6);
    for (const secret of secrets) expect(whole).not.toContain(secret);
    expect(whole).toContain('(not shown)');
  });
});

describe('An entry', () => {
  it('tells what was given, in words of the API', async () => {
    await anAlert('PIBOX-7');
    await ask('PATCH', { path: '/devices/PIBOX-7', body: { site: 'Kibera Primary', labels: ['solar'] } });
    expect((await log('?limit=1'))[0]).toMatchObject({
      actor: admin.id,
      actor_name: 'a admin of the tests',
      action: 'device.changed',
      resource: 'device',
      resource_id: 'PIBOX-7',
      details: { site: 'Kibera Primary', labels: ['solar'] },
    });
  });

  it('is there before the answer, or the answer is a 503 and hands out no session', async () => {
    await service.database.query(`
      CREATE FUNCTION gone() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '57P01'; END $$;
      CREATE TRIGGER gone BEFORE INSERT ON audit_log EXECUTE FUNCTION gone()`);
    try {
      const answer = await ask('POST', { path: '/session' });
      expectProblem(answer, 503, 'database-unavailable');
      expect(answer.headers.getSetCookie()).toEqual([]);
      const made = await ask('POST', { path: '/keys', body: { name: 'x', role: 'viewer' } });
      expectProblem(made, 503, 'database-unavailable');
      expect(JSON.stringify(made.body)).not.toContain('psk_');
    } finally {
      await service.database.query('DROP FUNCTION gone() CASCADE');
    }
  });

  it('of what a session did names its key', async () => {
    const answer = await ask('POST', { path: '/session' });
    const cookie = answer.headers.getSetCookie()[0].split(';')[0];
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    await ask('POST', { path: '/keys', headers, body: { name: 'x', role: 'viewer' } });
    expect((await log('?limit=1'))[0]).toMatchObject({ action: 'key.created', actor: admin.id });
  });

  it('names nobody where nobody is asked for a key', async () => {
    const local = await startService();
    await asks(local, 'POST', '/keys', { name: 'x', role: 'viewer' });
    const { body } = await send<Entry[]>(`${local.url}/api/audit`);
    expect(body).toEqual([
      expect.objectContaining({ action: 'key.created', actor: 'local', actor_name: 'local' }),
    ]);
    await local.stop();
  });
});

describe('The audit log', () => {
  /** Ten entries, two at each of five minutes. */
  async function tenEntries(): Promise<void> {
    for (let minute = 0; minute < 5; minute += 1) {
      stopServerClock(service, `2026-05-04T10:0${minute}:00Z`);
      await ask('POST', { path: '/keys', body: { name: `${minute}`, role: 'viewer' } });
      await ask('POST', { path: '/session' });
    }
  }

  it('is newest first, in pages that neither repeat nor leave out one', async () => {
    await tenEntries();
    const pages = await everyPage<Entry>(`${service.url}/api/audit?limit=3`, undefined, admin.headers);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 3, 1]);
    const ids = pages.flat().map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((one, other) => other - one));
    expect(new Set(ids).size).toBe(10);
  });

  it('can be asked for an actor, an action and a time, half-open', async () => {
    await tenEntries();
    const other = await aKey(service.database, 'admin');
    await ask('POST', { path: '/session', headers: other.headers });
    expect((await log(`?actor=${other.id}`)).map(({ actor }) => actor)).toEqual([other.id]);
    expect(await log('?action=key.created')).toHaveLength(5);
    expect(await log('?action=key.revoked')).toEqual([]);
    const window = await log('?from=2026-05-04T10:01:00Z&to=2026-05-04T10:03:00Z');
    expect(window.map(({ at }) => at)).toEqual([
      '2026-05-04T10:02:00.000Z',
      '2026-05-04T10:02:00.000Z',
      '2026-05-04T10:01:00.000Z',
      '2026-05-04T10:01:00.000Z',
    ]);
    const both = `?actor=${admin.id}&action=session.opened&from=2026-05-04T10:03:00Z&limit=1`;
    const pages = await everyPage<Entry>(`${service.url}/api/audit${both}`, undefined, admin.headers);
    expect(pages.flat().map(({ at }) => at)).toEqual([
      '2026-05-04T10:04:00.000Z',
      '2026-05-04T10:03:00.000Z',
    ]);
  });

  it('refuses questions that make no sense', async () => {
    const refused = async (query: string, field: string) =>
      expectRefused(await send(`${service.url}/api/audit${query}`, { headers: admin.headers }), field);
    await refused('?action=everything', 'action');
    await refused('?actor=%00', 'actor');
    await refused('?from=yesterday', 'from');
    await refused('?cursor=x', 'cursor');
    await refused(`?cursor=${Buffer.from('["now",1]').toString('base64url')}`, 'cursor');
    await refused('?user=x', 'user');
  });

  it('is read by admins alone', async () => {
    for (const role of ['device', 'fleet', 'viewer', 'operator'] as const) {
      const { headers } = await aKey(service.database, role);
      expectProblem(await send(`${service.url}/api/audit`, { headers }), 403, 'forbidden');
    }
  });
});

describe('What stands in the audit log', () => {
  const prisma = () => service.app.get(PrismaService);

  beforeEach(async () => {
    await ask('POST', { path: '/keys', body: { name: 'x', role: 'viewer' } });
  });

  it.each([
    ['an UPDATE', `UPDATE audit_log SET actor = 'somebody else'`],
    ['an UPDATE of no row', `UPDATE audit_log SET actor = 'x' WHERE FALSE`],
    ['a DELETE', 'DELETE FROM audit_log'],
    ['a TRUNCATE', 'TRUNCATE audit_log'],
    ['a TRUNCATE of everything', 'TRUNCATE access_keys, audit_log RESTART IDENTITY CASCADE'],
    [
      'an INSERT over it',
      `INSERT INTO audit_log SELECT * FROM audit_log ON CONFLICT (id) DO UPDATE SET actor = 'somebody else'`,
    ],
    ['a MERGE', 'MERGE INTO audit_log USING access_keys ON TRUE WHEN MATCHED THEN DELETE'],
  ])('stays through %s by the service’s own role', async (_, statement) => {
    const before = await log();
    expect(before).toHaveLength(1);
    await expect(prisma().$executeRawUnsafe(statement)).rejects.toThrow(/audit_log is append-only/);
    expect(await log()).toEqual(before);
  });

  it('stays where triggers are switched off for a session', async () => {
    const before = await log();
    await service.database.query('SET session_replication_role = replica');
    await expect(service.database.query('DELETE FROM audit_log')).rejects.toThrow(/append-only/);
    await service.database.query('RESET session_replication_role');
    expect(await log()).toEqual(before);
  });

  it('stays where its key, its device and its channel are gone', async () => {
    const before = await log();
    await service.database.query('DELETE FROM access_keys WHERE id <> $1', [admin.id]);
    expect(await log()).toEqual(before);
  });

  it('is out of reach even of the trigger for a role as docs/security.md makes it, which is all the service needs', async () => {
    const role = `pisync_app_${process.pid}_${Date.now()}`;
    const [, grants] = /```sql\n(GRANT[^`]+)```/.exec(readFileSync('docs/security.md', 'utf8'))!;
    const { database } = service;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'of-this-test-alone'`);
    await database.query(grants.replaceAll('pisync_app', role));
    const url = Object.assign(new URL(database.url), { username: role, password: 'of-this-test-alone' });
    const small = await spawnService(url.href, { AUTH_MODE: 'on' });
    try {
      const answer = await send(`${small.url}/api/session`, { method: 'POST', headers: admin.headers });
      expect(answer.status).toBe(201);
      const device = await aKey(database, 'device', { deviceId: 'PIBOX-7' });
      const report = { device_id: 'PIBOX-7', total_files_synced: 0, total_errors: 1, internet_speed: null };
      const reported = await send(`${small.url}/api/sync-event`, {
        method: 'POST',
        headers: { ...device.headers, 'content-type': 'application/json' },
        body: JSON.stringify(report),
      });
      expect(reported.status).toBe(201);
      expect((await log('?limit=1'))[0]).toMatchObject({ action: 'session.opened' });
      await database.query(`SET ROLE ${role}`);
      for (const statement of [
        'ALTER TABLE audit_log DISABLE TRIGGER ALL',
        'DROP TRIGGER audit_log_is_append_only ON audit_log',
        'DROP TABLE audit_log',
        'UPDATE audit_log SET actor = NULL',
        'DELETE FROM audit_log',
        'TRUNCATE audit_log',
        'SET session_replication_role = replica',
      ])
        await expect(database.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    } finally {
      await small.kill();
      await database.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

@Controller('declared')
class DeclaredController {
  @Get()
  list(): void {}

  @Post()
  @Audited('thing.made')
  make(): void {}

  @Delete()
  @NotAudited('It forgets what nobody decided.')
  forget(): void {}
}

@Controller('forgotten')
class ForgottenController {
  @Post()
  forgotten(): void {}

  /** No route. */
  helper(): void {}
}

describe('A route that says nothing of the audit log', () => {
  async function boot(
    ...controllers: (typeof DeclaredController | typeof ForgottenController)[]
  ): Promise<void> {
    @Module({
      imports: [DiscoveryModule],
      controllers,
      providers: [AuditedRoutes, { provide: AuditTrailService, useValue: {} }],
    })
    class SomeModule {}
    const app = await NestFactory.create(SomeModule, { logger: false, abortOnError: false });
    await app.init().finally(() => app.close());
  }

  it('stops the start, by its name', async () => {
    await expect(boot(DeclaredController, ForgottenController)).rejects.toThrow(
      'Routes without @Audited() or @NotAudited(): ForgottenController.forgotten',
    );
  });

  it('is the only thing that does', async () => {
    await expect(boot(DeclaredController)).resolves.toBeUndefined();
  });
});
