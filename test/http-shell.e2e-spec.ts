import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { OPERATIONS } from './support/routes.js';
import { startService, TestService } from './support/service.js';

const REPORT = { device_id: 'PIBOX-7', total_files_synced: 0, total_errors: 1 };

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

function ask(path: string, init?: RequestInit): Promise<Response> {
  return fetch(service.url + path, { redirect: 'manual', ...init });
}

function post(
  body: string | Buffer,
  type: string | undefined = 'application/json',
  headers = {},
): Promise<Response> {
  return ask('/api/sync-event', {
    method: 'POST',
    body,
    headers: { ...(type === undefined ? {} : { 'Content-Type': type }), ...headers },
  });
}

/** Sends bytes as they are and gives all that comes back until the server closes. */
function send(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.end(bytes));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

async function storedEvents(): Promise<number> {
  const answer = await ask('/api/stats');
  return ((await answer.json()) as { total_sync_events: number }).total_sync_events;
}

describe('A path', () => {
  it.each(['/health', '/api/health', '/health/', '/api/health/', '//health', '/api//health'])(
    'answers with and without /api and a trailing slash: %s',
    async (path) => {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ status: 'OK' });
    },
  );

  it.each(['/', '/api', '/api/', '/api?x=1'])(
    'that is empty leads to the documentation: %s',
    async (path) => {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([302, '/api-docs']);
    },
  );

  it('keeps its query', async () => {
    expect((await ask('/api/devices?limit=1')).status).toBe(200);
    expect((await ask('/api/devices?limit=0')).status).toBe(400);
  });

  it.each(['/nowhere', '/apihealth', '/api/nowhere?x=1', '/api/health/nowhere', '/constructor'])(
    'that no route has is a problem 404: %s',
    async (path) => {
      await expectProblem(await ask(path), 404, 'not-found');
    },
  );

  it.each([
    ['DELETE', '/api/sync-event', 'OPTIONS, POST'],
    ['GET', '/api/sync-event', 'OPTIONS, POST'],
    ['PUT', '/sync-event/', 'OPTIONS, POST'],
    ['POST', '/api/health', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/api/devices/PIBOX-7', 'GET, HEAD, OPTIONS, PATCH'],
  ])('tells which methods it takes: %s %s', async (method, path, allow) => {
    const answer = await ask(path, { method });
    expect(answer.headers.get('allow')).toBe(allow);
    await expectProblem(answer, 405, 'method-not-allowed');
  });

  it('answers OPTIONS with its methods', async () => {
    const answer = await ask('/api/sync-event', { method: 'OPTIONS' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'OPTIONS, POST']);
    expect((await ask('/nowhere', { method: 'OPTIONS' })).status).toBe(404);
  });

  it.each(['%zz', '%', '%E0%A4%A', 'a%00b', '..%2f..%2fetc', '%ff', '%F0%9F%92%A9'])(
    'with a parameter that names no device is a problem 400: %s',
    async (parameter) => {
      await expectProblem(await ask(`/api/devices/${parameter}`), 400);
      await expectProblem(await ask(`/api/device/${parameter}/sync-history`), 400);
    },
  );
});

describe('A body', () => {
  let storedBefore: number;
  beforeAll(async () => (storedBefore = await storedEvents()));
  afterAll(async () => expect(await storedEvents()).toBe(storedBefore));

  it.each([
    ['nothing', ''],
    ['half an object', '{"device_id":'],
    ['NaN', '{"device_id":"PIBOX-7","total_files_synced":NaN,"total_errors":0}'],
    ['text', 'hello'],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['the same, closed', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['deep objects', '{"a":'.repeat(16_000) + '1' + '}'.repeat(16_000)],
    ['a deep field', `{"device_id":${'['.repeat(40_000)}${']'.repeat(40_000)}}`],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['a string', '"PIBOX-7"'],
    ['true', 'true'],
    ['an empty object', '{}'],
    [
      'a prototype',
      '{"__proto__":{"device_id":"PIBOX-7","total_files_synced":0,"total_errors":1,"polluted":1}}',
    ],
    ['a constructor', '{"constructor":{"prototype":{"polluted":1}}}'],
    ['a number that is infinite', '{"device_id":"PIBOX-7","total_files_synced":1e400,"total_errors":1}'],
    ['a number above the largest', '{"device_id":"PIBOX-7","total_files_synced":3e9,"total_errors":1}'],
    [
      'a number beyond 2^53',
      '{"device_id":"PIBOX-7","total_files_synced":9007199254740993,"total_errors":1}',
    ],
    ['a text for a number', '{"device_id":"PIBOX-7","total_files_synced":"5","total_errors":1}'],
    ['arrays for scalars', '{"device_id":["PIBOX-7"],"total_files_synced":[0],"total_errors":[1]}'],
    ['a NUL', '{"device_id":"PIBOX\\u0000","total_files_synced":0,"total_errors":1}'],
    [
      'a lone surrogate',
      '{"device_id":"PIBOX-7","total_files_synced":0,"total_errors":1,"error_message":"\\ud800"}',
    ],
  ])('that is %s is a problem 400', async (_name, body) => {
    await expectProblem(await post(body), 400);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('that is not UTF-8 is a problem 400', async () => {
    const body = Buffer.concat([
      Buffer.from('{"device_id":"PIBOX-7","total_files_synced":0,"total_errors":1,"error_message":"'),
      Buffer.from([0xff, 0xc0, 0x80]),
      Buffer.from('"}'),
    ]);
    await expectProblem(await post(body), 400, 'malformed-request');
    await expectProblem(await post(Buffer.from(JSON.stringify(REPORT), 'utf16le')), 400, 'malformed-request');
  });

  it.each([
    ['text/plain'],
    ['application/xml'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=klingon'],
    ['application/jsonx'],
    ['json'],
    ['/'],
  ])('called %s is a problem 415', async (type) => {
    await expectProblem(await post(JSON.stringify(REPORT), type), 415, 'unsupported-media-type');
  });

  it('without a content type is a problem 415', async () => {
    const answer = await send(
      'POST /api/sync-event HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });

  it('in an unknown encoding is a problem 415', async () => {
    await expectProblem(
      await post(JSON.stringify(REPORT), 'application/json', { 'Content-Encoding': 'klingon' }),
      415,
      'unsupported-media-type',
    );
  });

  it.each([
    ['declared', 'x'.repeat(100_001)],
    ['and much larger', 'x'.repeat(10_000_000)],
  ])('larger than 100 kB is a problem 413: %s', async (_name, text) => {
    await expectProblem(
      await post(JSON.stringify({ ...REPORT, error_message: text })),
      413,
      'payload-too-large',
    );
  });

  it('that comes in pieces without a length is a problem 413 beyond 100 kB', async () => {
    const chunk = `${(8_192).toString(16)}\r\n${'x'.repeat(8_192)}\r\n`;
    const head =
      'POST /api/sync-event HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
    const answer = await send(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that grows beyond 100 kB when unpacked is not accepted', async () => {
    const answer = await post(gzipSync(`${' '.repeat(50_000_000)}{}`), 'application/json', {
      'Content-Encoding': 'gzip',
    });
    expect([413, 415]).toContain(answer.status);
  });

  it.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a NUL in a header', 'X-Thing: a\0b\r\n\r\n'],
    ['a header without an end', `X-Thing: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('in a message with %s is refused by the server itself', async (_name, rest) => {
    const answer = await send(
      `POST /api/sync-event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (400|431) /);
  });
});

describe('A patch of a device', () => {
  beforeAll(async () => expect((await post(JSON.stringify(REPORT))).status).toBe(201));

  it.each([
    ['no body', ''],
    ['deep labels', `{"labels":${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}}`],
    ['an unknown key', '{"is_admin":true}'],
    ['an array', '[1]'],
    ['a number', '7'],
    ['null', 'null'],
  ])('with %s is a problem 400', async (_name, body) => {
    const answer = await ask('/api/devices/PIBOX-7', {
      method: 'PATCH',
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    await expectProblem(answer, 400);
  });
});

describe('A prototype in a body', () => {
  it('changes nothing', async () => {
    const answer = await ask('/api/devices/PIBOX-7', {
      method: 'PATCH',
      body: '{"__proto__":{"name":"polluted"},"constructor":{"prototype":{"polluted":1}}}',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(answer.status).toBeLessThan(500);
    expect(await (await ask('/api/devices/PIBOX-7')).json()).toMatchObject({ name: null });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('What is accepted', () => {
  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['Application/JSON;charset="UTF-8"'],
    ['application/vnd.pisync.v1+json'],
  ])('a body called %s', async (type) => {
    expect((await post(JSON.stringify(REPORT), type)).status).toBe(201);
  });

  it('a byte order mark before the body', async () => {
    expect((await post(`\ufeff${JSON.stringify(REPORT)}`)).status).toBe(201);
  });

  it('a body in pieces, cut inside a character', async () => {
    const body = Buffer.from(JSON.stringify({ ...REPORT, error_message: 'ligne coupée' }));
    const cut = body.indexOf(Buffer.from('é')) + 1;
    const pieces = [body.subarray(0, cut), body.subarray(cut)];
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
    });
    const answer = await ask('/api/sync-event', {
      method: 'POST',
      body: stream,
      headers: { 'Content-Type': 'application/json' },
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ error_message: 'ligne coupée' });
  });
});

describe('A request id', () => {
  it('is given to each request, and told in the problem too', async () => {
    const [first, second] = [await ask('/nowhere'), await ask('/nowhere')];
    const id = first.headers.get('x-request-id');
    expect(id).toMatch(/^[\w-]+$/);
    expect(await first.json()).toMatchObject({ request_id: id });
    expect(second.headers.get('x-request-id')).not.toBe(id);
  });

  it('is taken over from a proxy in front', async () => {
    const answer = await ask('/health', { headers: { 'X-Request-Id': 'edge-7:42' } });
    expect(answer.headers.get('x-request-id')).toBe('edge-7:42');
  });

  it.each(['a b', '"quoted"', 'x'.repeat(65), 'é', '<script>'])(
    'is not taken over when it is %s',
    async (id) => {
      const answer = await ask('/health', { headers: { 'X-Request-Id': id } });
      expect(answer.headers.get('x-request-id')).not.toBe(id);
    },
  );
});

describe('Every answer', () => {
  it.each([
    ['/health', "default-src 'none'"],
    ['/nowhere', "default-src 'none'"],
    ['/openapi.json', "default-src 'none'"],
    ['/api-docs', "default-src 'self'"],
    ['/api/docs', "default-src 'self'"],
  ])('carries security headers: %s', async (path, sources) => {
    const { headers } = await ask(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain(sources);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
  });

  it('of every operation there is shuts browsers out, is kept nowhere and sets no cookie', async () => {
    const paths = [...OPERATIONS.keys()]
      .filter((operation) => operation.startsWith('GET '))
      .map((operation) => operation.slice('GET '.length).replaceAll(/\{\w+\}/g, '1'));
    expect(paths.length).toBeGreaterThan(15);
    for (const path of [...paths, '/api/nowhere', '/api/devices?limit=x']) {
      const answer = await ask(path);
      await answer.body?.cancel();
      expect([path, Object.fromEntries(answer.headers)]).toEqual([
        path,
        expect.objectContaining({
          'cache-control': 'no-store',
          'content-security-policy': "default-src 'none';frame-ancestors 'none'",
          'strict-transport-security': 'max-age=31536000; includeSubDomains',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
        }),
      ]);
      for (const header of ['x-powered-by', 'server', 'etag', 'set-cookie'])
        expect([path, header, answer.headers.get(header)]).toEqual([path, header, null]);
    }
  });

  it('lets no other origin read it by default', async () => {
    const answer = await ask('/health', { headers: { Origin: 'https://dashboard.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('lets the configured origins read it, and no other', async () => {
    const open = await startService({ CORS_ORIGINS: 'https://dashboard.example, https://second.example' });
    try {
      const from = (origin: string) => fetch(`${open.url}/health`, { headers: { Origin: origin } });
      const allowed = (await from('https://dashboard.example')).headers.get('access-control-allow-origin');
      const other = (await from('https://evil.example')).headers.get('access-control-allow-origin');
      expect([allowed, other]).toEqual(['https://dashboard.example', null]);
      const preflight = await fetch(`${open.url}/api/devices/PIBOX-7`, {
        method: 'OPTIONS',
        headers: { Origin: 'https://dashboard.example', 'Access-Control-Request-Method': 'PATCH' },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    } finally {
      await open.stop();
    }
  });
});

describe('The documentation', () => {
  it.each(['/api-docs', '/api/docs', '/api-docs/', '/docs', '/api/api-docs'])(
    'is a page at %s',
    async (path) => {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      const page = await answer.text();
      expect(page).toContain('swagger-ui');
      const script = /src="([^"]*swagger-ui-init\.js)"/.exec(page)?.[1];
      const base = path.endsWith('/') ? service.url + path : `${service.url}${path}`;
      expect((await fetch(new URL(script!, base))).status).toBe(200);
    },
  );

  it('has no inline script, which the content security policy would stop', async () => {
    const page = await (await ask('/api-docs')).text();
    expect(page.match(/<script(?![^>]*\ssrc=)/g)).toBeNull();
  });

  it.each(['/openapi.json', '/api/openapi.json'])('is a document at %s', async (path) => {
    const document = (await (await ask(path)).json()) as { openapi: string; paths: Record<string, unknown> };
    expect(document.openapi).toMatch(/^3\./);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/api/sync-event', '/health']));
  });
});

describe('Without documentation', () => {
  it.each([[{ API_DOCS: 'false' }], [{ NODE_ENV: 'production', AUTH_MODE: 'on' }]])(
    'there is no page and no document (%j)',
    async (settings) => {
      const bare = await startService(settings);
      try {
        const paths = [
          '/api-docs',
          '/docs',
          '/openapi.json',
          '/openapi.yaml',
          '/api-docs/swagger-ui-init.js',
          '/',
        ];
        for (const path of paths) {
          const answer = await fetch(bare.url + path, { redirect: 'manual' });
          await expectProblem(answer, 404, 'not-found');
        }
        expect((await fetch(`${bare.url}/health`)).status).toBe(200);
      } finally {
        await bare.stop();
      }
    },
  );
});

describe('What nobody has documented', () => {
  it.each([
    ...[
      '/.git/config',
      '/.env',
      '/package.json',
      '/dist/main.js',
      '/src/main.ts',
      '/main.js.map',
      '/metrics',
    ],
    ...['/server-status', '/debug', '/actuator', '/admin', '/robots.txt', '/api-docs/../package.json'],
    ...['/api-docs/%2e%2e/package.json', '/api-docs/..%2fpackage.json', '/prisma/schema.prisma', '/graphql'],
  ])('is not there: %s', async (path) => {
    const answer = await ask(path);
    await expectProblem(answer, 404);
  });
});

describe('Health', () => {
  it('tells status, port and time, and what was checked', async () => {
    const health = (await (await ask('/health')).json()) as { timestamp: string };
    expect(health).toMatchObject({ status: 'OK', port: Number(new URL(service.url).port) });
    expect(Math.abs(Date.parse(health.timestamp) - Date.now())).toBeLessThan(60_000);
  });

  it('is live and ready', async () => {
    expect((await ask('/health/live')).status).toBe(200);
    expect((await ask('/health/ready')).status).toBe(200);
  });
});

/** The shape that every error has (RFC 9457). */
async function expectProblem(answer: Response, status: number, name?: string): Promise<void> {
  const problem = (await answer.json()) as Record<string, unknown>;
  expect({ status: answer.status, ...problem }).toMatchObject({ status });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem).toMatchObject({ status, title: expect.any(String) });
  expect(problem.type).toMatch(name ? new RegExp(`:${name}$`) : /^urn:pisync:problem:[a-z-]+$/);
  expect(problem.request_id).toBe(answer.headers.get('x-request-id'));
  expect(JSON.stringify(problem)).not.toMatch(/node_modules|at .*\.(js|ts):\d+/);
}
