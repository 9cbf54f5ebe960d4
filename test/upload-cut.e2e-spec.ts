import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { aDevice } from './support/device.js';
import { startService, TestService } from './support/service.js';
import { postUpload, uploadText } from './support/upload.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '1000000' });
});

afterAll(() => service.stop());

/** Sends the first bytes of a request and hangs up. Resolves when the server has hung up, too. */
function sendsAndHangsUp(bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
      socket.write(bytes, () => socket.end());
    });
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.resume();
  });
}

function chunked(body: Buffer): Buffer {
  const half = body.length >> 1;
  const chunks = [body.subarray(0, half), body.subarray(half)].flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

describe.each([
  { form: 'array', gzip: false, isChunked: false },
  { form: 'envelope', gzip: true, isChunked: false },
  { form: 'ndjson', gzip: false, isChunked: true },
  { form: 'ndjson', gzip: true, isChunked: true },
] as const)('An upload as $form (gzip: $gzip, without a length: $isChunked)', ({ form, gzip, isChunked }) => {
  it('cut at any byte, and repeated until it succeeds, leaves each event once', async () => {
    const type = form === 'ndjson' ? 'application/x-ndjson' : 'application/json';
    const headers: Record<string, string> = {
      'content-type': type,
      ...(gzip && { 'content-encoding': 'gzip' }),
    };
    const requestOf = (deviceId: string): { request: Buffer; body: Buffer; bodyStart: number } => {
      const device = aDevice(service, deviceId);
      const events = [1, 2, 3].map((number) =>
        device.event('failed', { at: `2026-03-01T0${number}:00:00Z`, eventId: `e${number}`, speed: null }),
      );
      const text = uploadText(events, form);
      const body = gzip ? gzipSync(text) : Buffer.from(text);
      const sent = isChunked ? chunked(body) : body;
      const head = [
        'POST /api/sync-events HTTP/1.1',
        'Host: x',
        'Connection: close',
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${sent.length}`,
      ].join('\r\n');
      const start = Buffer.from(`${head}\r\n\r\n`);
      return { request: Buffer.concat([start, sent]), body, bodyStart: start.length };
    };

    // Each cut by a device of its own, so that what a cut leaves behind can be told from the rest.
    const nameOf = (cut: number): string =>
      `${form}-${gzip ? 'gz' : 'plain'}-${String(cut).padStart(4, '0')}`;
    const { length } = requestOf(nameOf(0)).request;
    const cuts = Array.from({ length }, (_, cut) => cut);
    for (let first = 0; first < length; first += 20) {
      await Promise.all(
        cuts
          .slice(first, first + 20)
          .map((cut) => sendsAndHangsUp(requestOf(nameOf(cut)).request.subarray(0, cut))),
      );
    }
    const stored = (): Promise<{ device_id: string; events: number }[]> =>
      service.database.query('SELECT device_id, count(*)::int AS events FROM sync_events GROUP BY device_id');
    const afterCuts = (await stored()).filter(({ device_id }) =>
      device_id.startsWith(nameOf(0).slice(0, -4)),
    );
    expect(afterCuts).toEqual([]);

    for (const cut of cuts) {
      const { body } = requestOf(nameOf(cut));
      for (const outcome of ['recorded', 'duplicates'] as const) {
        const answer = await postUpload(service, body, headers);
        expect({ cut, status: answer.status, [outcome]: answer.body[outcome] }).toEqual({
          cut,
          status: 200,
          [outcome]: 3,
        });
      }
    }
    const rows = (await stored()).filter(({ device_id }) => device_id.startsWith(nameOf(0).slice(0, -4)));
    expect(rows).toHaveLength(length);
    expect(rows.every(({ events }) => events === 3)).toBe(true);
  }, 120_000);
});
