import { Controller, Get, INestApplication, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { RouteRoles } from '../src/access/route-roles.js';
import { Public, Roles } from '../src/access/roles.decorator.js';
import { send } from './support/device.js';
import { aKey, Key, Role, ROLES } from './support/keys.js';
import { startService, TestService } from './support/service.js';

/** The documentation and its files; a test below holds that there is nothing else outside of openapi.json. */
const DOCUMENTATION = /^\/(?:$|(?:api-docs|docs)(?:\/|-|$)|openapi\.(?:json|yaml)$)/;

/** What anybody may read without a key. Whoever adds to this list has to say why in docs/security.md. */
const PUBLIC = ['GET /api/time', 'GET /health', 'GET /health/live', 'GET /health/ready'];

interface Route {
  readonly method: string;
  /** As Express has it, like `/devices/:device_id`. */
  readonly path: string;
}

type Visitor = Role | 'nobody';
const VISITORS: readonly Visitor[] = ['nobody', ...ROLES];

let service: TestService;
let keys: Record<Role, Key>;

beforeAll(async () => {
  service = await startService({
    AUTH_MODE: 'on',
    FLEET_INGEST: 'true',
    ADDRESS_REQUESTS_PER_MINUTE: '1000000',
  });
  keys = {} as Record<Role, Key>;
  for (const role of ROLES) keys[role] = await aKey(service.database, role);
});

afterAll(() => service.stop());

/** Every route of the running service, Nest's and Swagger's, straight from Express. */
function routes(app: INestApplication): Route[] {
  const { router } = app.getHttpAdapter().getInstance() as {
    router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] };
  };
  return router.stack.flatMap(({ route }) =>
    route
      ? Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }))
      : [],
  );
}

/** Which visitors a route lets in: to 200, or to whatever is wrong with a request that says nothing. */
async function letIn({ method, path }: Route): Promise<Visitor[]> {
  const url = service.url + path.replace(':device_id', 'PIBOX-7').replaceAll(/:\w+/g, '1');
  const hasBody = !['GET', 'DELETE'].includes(method);
  const answers = await Promise.all(
    VISITORS.map(async (visitor) => {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: {
          ...(visitor === 'nobody' ? {} : keys[visitor].headers),
          ...(hasBody && { 'content-type': 'application/json' }),
        },
        // A body is read before the roles are looked at: one that the readers of bodies take.
        body: hasBody ? (path === '/sync-events' ? '[]' : '{}') : undefined,
      });
      await response.body?.cancel();
      // A 5xx would hide whether the guard or the handler answered.
      if (response.status >= 500) throw new Error(`${method} ${url} answered ${response.status}`);
      const refused = visitor === 'nobody' ? 401 : 403;
      if ([401, 403].includes(response.status) && response.status !== refused)
        throw new Error(`${method} ${url} answered ${visitor} with ${response.status}`);
      return response.status === refused ? [] : [visitor];
    }),
  );
  return answers.flat();
}

async function declared(): Promise<Map<string, string[]>> {
  const { body } = await send<{ paths: Record<string, Record<string, { 'x-roles'?: string[] }>> }>(
    `${service.url}/openapi.json`,
  );
  return new Map(
    Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]): [string, string[]] => [
        `${method.toUpperCase()} ${path}`,
        operation['x-roles'] ?? [],
      ]),
    ),
  );
}

function documented({ method, path }: Route): string {
  const shown = path.replaceAll(/:(\w+)/g, '{$1}');
  return `${method} ${shown.startsWith('/health') ? shown : `/api${shown}`}`;
}

describe('Routes and roles', () => {
  it('let in exactly whom openapi.json says, on every route there is', async () => {
    const all = await declared();
    const measured: [string, string[]][] = [];
    for (const route of routes(service.app)) {
      if (DOCUMENTATION.test(route.path)) continue;
      const visitors = await letIn(route);
      measured.push([documented(route), visitors.includes('nobody') ? ['everybody'] : visitors]);
      if (visitors.includes('nobody')) expect([route, visitors]).toEqual([route, VISITORS]);
    }
    expect(Object.fromEntries(measured)).toEqual(Object.fromEntries(all));
    expect(measured.length).toBe(all.size);
  });

  it('leave nothing outside of openapi.json but the documentation, which is read only', () => {
    for (const { method, path } of routes(service.app))
      if (DOCUMENTATION.test(path)) expect([method, path]).toEqual(['GET', path]);
  });

  it('keep to the ladder: whatever a viewer may, an operator may, and an admin', async () => {
    for (const [route, roles] of await declared()) {
      if (roles.includes('viewer'))
        expect([route, roles]).toEqual([route, expect.arrayContaining(['operator'])]);
      if (roles.includes('operator'))
        expect([route, roles]).toEqual([route, expect.arrayContaining(['admin'])]);
    }
  });

  it('let viewers change nothing, and nobody without a key but read what is listed as public', async () => {
    const open: string[] = [];
    for (const [route, roles] of await declared()) {
      expect([route, roles.length > 0]).toEqual([route, true]);
      if (roles.includes('everybody')) open.push(route);
      // A session is the viewer's own.
      if (!route.startsWith('GET ') && !route.endsWith(' /api/session'))
        expect([route, roles]).toEqual([route, expect.not.arrayContaining(['viewer'])]);
    }
    expect(open.sort()).toEqual(PUBLIC);
  });

  it.each<[string, Role[]]>([
    ['POST /api/sync-event', ['device', 'fleet']],
    ['POST /api/sync-events', ['device', 'fleet']],
    ['GET /api/devices/{device_id}/sync-history', ['device', 'viewer', 'operator', 'admin']],
    ['GET /api/devices', ['viewer', 'operator', 'admin']],
    ['PATCH /api/devices/{device_id}', ['operator', 'admin']],
    ['POST /api/enroll', ['fleet']],
    ['POST /api/devices/{device_id}/enrolment', ['operator', 'admin']],
    ['POST /api/alerts/{id}/acknowledge', ['operator', 'admin']],
    ['GET /api/channels', ['operator', 'admin']],
    ['POST /api/channels', ['admin']],
    ['PATCH /api/channels/{id}', ['admin']],
    ['POST /api/keys', ['admin']],
    ['GET /api/keys', ['admin']],
    ['DELETE /api/keys/{id}', ['admin']],
    ['POST /api/session', ['viewer', 'operator', 'admin']],
  ])('give %s to %j alone', async (route, roles) => {
    expect((await declared()).get(route)).toEqual(roles);
  });
});

@Controller('declared')
@Roles('viewer')
class DeclaredController {
  @Get()
  list(): string[] {
    return [];
  }

  @Get('public')
  @Public()
  overridden(): string[] {
    return [];
  }
}

@Controller('forgotten')
class ForgottenController {
  @Get()
  forgotten(): string[] {
    return [];
  }

  /** No route. */
  helper(): string[] {
    return [];
  }
}

describe('A route that declares no role', () => {
  async function boot(
    ...controllers: (typeof DeclaredController | typeof ForgottenController)[]
  ): Promise<void> {
    @Module({ imports: [DiscoveryModule], controllers, providers: [RouteRoles] })
    class SomeModule {}
    const app = await NestFactory.create(SomeModule, { logger: false, abortOnError: false });
    await app.init().finally(() => app.close());
  }

  it('stops the start, by its name', async () => {
    await expect(boot(DeclaredController, ForgottenController)).rejects.toThrow(
      'Routes without @Roles() or @Public(): ForgottenController.forgotten',
    );
  });

  it('is the only thing that does', async () => {
    await expect(boot(DeclaredController)).resolves.toBeUndefined();
  });
});
