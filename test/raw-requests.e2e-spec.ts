import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { RawAnswer, sendRaw } from './support/raw-http.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

const REPORT = '{"device_id":"PIBOX-7","total_files_synced":0,"total_errors":1}';
const MIB = 1_048_576;

let database: TestDatabase;
let service: SpawnedService;
beforeAll(async () => {
  database = await TestDatabase.create();
  const wide = { DEVICE_REQUESTS_PER_MINUTE: '1000000', ADDRESS_REQUESTS_PER_MINUTE: '1000000' };
  service = await spawnService(database.url, { ...wide, LOG_LEVEL: 'warn' });
}, 90_000);
afterAll(async () => {
  await service.kill();
  await database.drop();
});

/** A POST with these lines of headers, which bring the body's length with them or leave it to be added. */
function posting(path: string, headers: string[], body: string | Buffer): Promise<RawAnswer> {
  const isFramed = headers.some((header) => /^(?:content-length|transfer-encoding)/i.test(header));
  const lines = isFramed ? headers : [...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  const head = `POST ${path} HTTP/1.1\r\n${['Host: x', ...lines].join('\r\n')}\r\n\r\n`;
  return sendRaw(service.url, head, body);
}

function postingJson(body: string | Buffer, path = '/api/sync-event'): Promise<RawAnswer> {
  return posting(path, ['Content-Type: application/json'], body);
}

function expectProblem({ status, headers, body }: RawAnswer, ...expected: number[]): void {
  expect(expected).toContain(status);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(JSON.parse(body)).toMatchObject({ status, type: expect.stringMatching(/^urn:pisync:problem:/) });
  expect(body).not.toMatch(/node_modules|\bat \S+ \(/);
}

/** A report in which one field is this JSON text. */
function reportWith(field: string, json: string): string {
  const fields: Record<string, string> = {
    ...{ device_id: '"PIBOX-7"', total_files_synced: '0', total_errors: '1' },
    [field]: json,
  };
  return `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`;
}

describe('The JSON of a report', () => {
  it.each([
    ['total_files_synced', '1e400'],
    ['total_files_synced', '-1e400'],
    ['total_files_synced', 'NaN'],
    ['total_files_synced', 'Infinity'],
    ['total_files_synced', '9007199254740993'],
    ['total_files_synced', '3e9'],
    ['total_files_synced', '-1'],
    ['total_files_synced', '0.5'],
    ['total_files_synced', '"5"'],
    ['total_files_synced', '[5]'],
    ['total_files_synced', '{}'],
    ['total_files_synced', 'true'],
    ['total_files_synced', '0x10'],
    ['total_files_synced', '01'],
    ['internet_speed', '1e400'],
    ['internet_speed', '-0.1'],
    ['device_id', '["PIBOX-7"]'],
    ['device_id', '"PIBOX\\u0000"'],
    ['device_id', '"PIBOX\\ud800"'],
    ['device_id', '"\\ufeffPIBOX"'],
    ['device_id', '""'],
    ['device_id', '"\'; DROP TABLE devices; --"'],
    ['error_message', '"\\ud800"'],
    ['error_message', '"a\\u0000b"'],
    ['error_message', '"\\u001b[2J"'],
    ['event_id', '"\\udc00\\ud800"'],
    ['event_id', '{"then":1}'],
    ['timestamp', '"2026-02-30T00:00:00Z"'],
    ['timestamp', '"+275760-09-13T00:00:00.001Z"'],
    ['timestamp', '1e21'],
    ['__proto__', '1}'],
  ])('with %s: %s is refused', async (field, json) => {
    expectProblem(await postingJson(reportWith(field, json)), 400);
  });

  it.each([
    ['total_files_synced', '-0'],
    ['total_files_synced', '5e0'],
    ['total_files_synced', '5.0'],
    ['internet_speed', '1e-400'],
    ['__proto__', '{"total_errors":0,"polluted":1}'],
    ['constructor', '{"prototype":{"polluted":1}}'],
    ['toString', '1'],
    ['error_message', '"😀 \u202e école"'],
  ])('with %s: %s is taken', async (field, json) => {
    expect((await postingJson(reportWith(field, json))).status).toBe(201);
  });

  it('with a key twice counts the last one', async () => {
    const { status, body } = await postingJson(reportWith('total_errors', '1,"total_errors":0'));
    expect([status, (JSON.parse(body) as { total_errors: number }).total_errors]).toEqual([201, 0]);
  });

  it.each([
    ['a hundred thousand brackets', '['.repeat(100_000), 400],
    ['50,000 levels', '['.repeat(50_000) + ']'.repeat(50_000), 400],
    ['25,000 keys', `{${Array.from({ length: 9_000 }, (_, key) => `"${key}":1`).join(',')}}`, 413],
    ['a key 20,000 times', `{${'"a":1,'.repeat(15_000)}"a":1}`, 413],
    ['20,000 empty objects', `[${'{},'.repeat(20_000)}{}]`, 413],
    ['UTF-16', Buffer.from(REPORT, 'utf16le'), 400],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${REPORT}`, 'utf16le'), 400],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22]), 400],
    ['a surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400],
    ['two marks', `\ufeff\ufeff${REPORT}`, 400],
    ['two documents', `${REPORT}${REPORT}`, 400],
    ['a comment', `/**/${REPORT}`, 400],
    ['a comma too many', REPORT.replace('}', ',}'), 400],
    ['nothing but a space', ' ', 400],
  ])('as %s is refused', async (_name, body, status) => {
    expectProblem(await postingJson(body), status);
    expect((await sendRaw(service.url, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(200);
  });
});

describe('A body that is too large', () => {
  const chunked = (size: number) =>
    `${`2000\r\n${'x'.repeat(8_192)}\r\n`.repeat(Math.ceil(size / 8_192))}0\r\n\r\n`;

  it.each([
    ['a report of 10 MiB', '/api/sync-event', [], () => 'x'.repeat(10 * MIB)],
    [
      'a report of 10 MiB in chunks',
      '/api/sync-event',
      ['Transfer-Encoding: chunked'],
      () => chunked(10 * MIB),
    ],
    ['an upload of 10 MiB', '/api/sync-events', [], () => 'x'.repeat(10 * MIB)],
    [
      'an upload of 10 MiB in chunks',
      '/api/sync-events',
      ['Transfer-Encoding: chunked'],
      () => chunked(10 * MIB),
    ],
    [
      'an upload that inflates to 50 MiB',
      '/api/sync-events',
      ['Content-Encoding: gzip'],
      () => gzipSync(Buffer.alloc(50 * MIB, ' ')),
    ],
  ])('is refused: %s', async (_name, path, headers, body) => {
    expectProblem(await posting(path, ['Content-Type: application/json', ...headers], body()), 413);
  });

  it('is refused at once where its length says so, whether or not any of it comes', async () => {
    const startedAt = performance.now();
    const headers = ['Content-Type: application/json', 'Content-Length: 99999999'];
    expectProblem(await posting('/api/sync-event', headers, '{'), 413);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('A content type or coding', () => {
  it.each([
    ['none', []],
    ['an empty one', ['Content-Type:']],
    ['text', ['Content-Type: text/plain']],
    ['a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['several parts', ['Content-Type: multipart/form-data; boundary=x']],
    ['another character set', ['Content-Type: application/json; charset=utf-16']],
    ['half a parameter', ['Content-Type: application/json; charset=']],
    ['two at once', ['Content-Type: text/plain, application/json']],
    ['text that ends alike', ['Content-Type: text/application/json']],
  ])('that is %s is refused', async (_name, headers) => {
    expectProblem(await posting('/api/sync-event', headers, REPORT), 415);
    expectProblem(await posting('/api/sync-events', headers, `[${REPORT}]`), 415);
  });

  it.each([
    ['br', brotliCompressSync(REPORT)],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00])],
    ['deflate', deflateSync(REPORT)],
    ['compress', Buffer.from([0x1f, 0x9d])],
    ['gzip, gzip', gzipSync(gzipSync(REPORT))],
    ['gzip;q=1', gzipSync(REPORT)],
    ['constructor', Buffer.from(REPORT)],
    ['__proto__', Buffer.from(REPORT)],
  ])('of %s is refused, and told what is understood', async (coding, body) => {
    const headers = ['Content-Type: application/json', `Content-Encoding: ${coding}`];
    for (const path of ['/api/sync-event', '/api/sync-events']) {
      const answer = await posting(path, headers, body);
      expectProblem(answer, 415);
      expect(answer.headers['accept-encoding']).toMatch(/identity/);
    }
  });

  it.each(['/api/sync-event', '/api/sync-events', '/api/enroll', '/api/keys', '/api/channels'])(
    'is asked for at %s, and nothing at all is no body',
    async (path) => {
      expectProblem(await posting(path, ['Content-Length: 0'], ''), 400, 415);
      expectProblem(await posting(path, ['Content-Type: application/json', 'Content-Length: 0'], ''), 400);
      expectProblem(await posting(path, ['Transfer-Encoding: chunked'], '0\r\n\r\n'), 400, 415);
    },
  );
});

describe('A message', () => {
  const start = 'POST /api/sync-event HTTP/1.1\r\nContent-Type: application/json\r\n';

  it.each([
    ['two lengths', `${start}Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`],
    [
      'a length and chunks',
      `${start}Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunks and a length',
      `${start}Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`,
    ],
    ['chunks within something', `${start}Host: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
    ['a length that is none', `${start}Host: x\r\nContent-Length: -1\r\n\r\n`],
    ['a length with a sign', `${start}Host: x\r\nContent-Length: +2\r\n\r\n{}`],
    ['a chunk of no length', `${start}Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['bare line feeds', 'POST /api/sync-event HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}'],
    ['a NUL in a header', `${start}Host: x\r\nX-Thing: a\0b\r\n\r\n`],
    ['a folded header', `${start}Host: x\r\nX-Thing: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
    ['a space before the colon', `${start}Host : x\r\n\r\n`],
    ['no name of a header', `${start}Host: x\r\n: x\r\n\r\n`],
    ['another protocol', 'GET /health GOPHER/1.0\r\n\r\n'],
    ['HTTP/3 in words', 'GET /health HTTP/3.0\r\nHost: x\r\n\r\n'],
    ['the beginning of TLS', Buffer.from('16030100f4010000f00303', 'hex')],
    ['a space in the path', 'GET /health /x HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('with %s is refused by the parser, in the words of every problem', async (_name, bytes) => {
    const answer = await sendRaw(service.url, bytes);
    expectProblem(answer, 400);
    expect(answer.headers.connection).toBe('close');
  });

  it('with 20 kB of headers is refused', async () => {
    expectProblem(
      await sendRaw(service.url, `${start}Host: x\r\nX-Thing: ${'a'.repeat(20_000)}\r\n\r\n`),
      431,
    );
    const many = Array.from({ length: 3_000 }, (_, line) => `X-${line}: x\r\n`).join('');
    expectProblem(await sendRaw(service.url, `${start}Host: x\r\n${many}\r\n`), 431);
  });

  it('without a Host is refused', async () => {
    expect((await sendRaw(service.url, 'GET /health HTTP/1.1\r\n\r\n')).status).toBe(400);
  });

  it.each([
    ['%00', '/api/devices/a%00b', 400],
    ['%2f', '/api/devices/..%2f..%2fetc%2fpasswd', 400],
    ['a broken percent sign', '/api/devices/%zz', 400],
    ['a broken percent sign where no route is', '/nowhere/%zz', 404],
    ['bytes that are no UTF-8', '/api/devices/%ff%fe', 400],
    ['dots', '/api/../../etc/passwd', 404],
    ['a whole URL', 'http://evil.example/api/nowhere', 404],
    ['another server in front', '//evil.example/api/nowhere', 404],
    ['8 kB', `/api/devices/${'a'.repeat(8_000)}`, 400],
    ['a query without end', `/api/devices?${'a[b][c]=1&'.repeat(700)}`, 400],
    ['a prototype in the query', '/api/devices?__proto__[polluted]=1&constructor.prototype.x=1', 400],
    ['a limit that is a list', '/api/devices?limit=1&limit=2', 400],
  ])('with %s in its path is refused', async (_name, path, status) => {
    expectProblem(await sendRaw(service.url, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`), status);
  });

  it.each(['TRACE', 'PROPFIND', 'PUT', 'DELETE'])(
    'by a method that no route has is refused: %s',
    async (method) => {
      const answer = await sendRaw(service.url, `${method} /api/sync-event HTTP/1.1\r\nHost: x\r\n\r\n`);
      expectProblem(answer, 405);
      expect(answer.headers.allow).toBe('OPTIONS, POST');
    },
  );

  it('that asks for another protocol is answered in this one', async () => {
    const head = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect((await sendRaw(service.url, head)).status).toBe(200);
  });

  it('that cannot go on where it should ask first is told', async () => {
    const head = `${start}Host: x\r\nExpect: something-else\r\nContent-Length: 2\r\n\r\n`;
    expect((await sendRaw(service.url, head)).status).toBe(417);
  });
});

describe('What any of it leaves behind', () => {
  it('is a service that answers, and no error in its log', async () => {
    expect((await postingJson(REPORT)).status).toBe(201);
    expect(service.lines.filter((line) => /"level":"(?:error|fatal)"|Warning|polluted/.test(line))).toEqual(
      [],
    );
  });
});
