import type { Server } from 'node:http';
import { aDevice } from './support/device.js';
import { RawClient } from './support/raw-http.js';
import { startService, TestService } from './support/service.js';

const HEAD = 'POST /api/sync-event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

let service: TestService;
beforeAll(async () => {
  service = await startService({ HEADERS_TIMEOUT_SECONDS: '1', BODY_TIMEOUT_SECONDS: '1' });
});
afterAll(() => service.stop());

/** Sends a byte every 50 ms for as long as anybody listens, and tells for how many seconds that was. */
async function drips(client: RawClient, byte: string): Promise<number> {
  const startedAt = performance.now();
  const dripping = setInterval(() => client.send(byte), 50);
  try {
    await client.closed();
  } finally {
    clearInterval(dripping);
    client.close();
  }
  return (performance.now() - startedAt) / 1_000;
}

describe('A client that is slow', () => {
  it.each([
    ['with its first byte', ''],
    ['with its headers', `${HEAD}X-Slow: `],
  ])('%s is given up in time', async (_name, start) => {
    const client = await RawClient.connect(service.url);
    const seconds = await drips(client.send(start), start === '' ? '' : 'x');
    expect(seconds).toBeGreaterThan(0.9);
    // A look at all connections once a second, and whatever else the machine does.
    expect(seconds).toBeLessThan(6);
  });

  it.each([
    ['of a known length', 'Content-Length: 90000\r\n\r\n{"device_id":"', 'x'],
    ['of unknown length', 'Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n', '1\r\nx\r\n'],
  ])('with a body %s is told so, and its connection closed', async (_name, start, piece) => {
    const client = await RawClient.connect(service.url);
    const seconds = await drips(client.send(HEAD + start), piece);
    expect(seconds).toBeGreaterThan(0.9);
    expect(seconds).toBeLessThan(6);
    const { status, headers, body } = await client.answer();
    expect(status).toBe(408);
    expect(headers.connection).toBe('close');
    expect(JSON.parse(body)).toMatchObject({ type: 'urn:pisync:problem:request-timeout' });
  });

  it('does not keep others waiting, however many of them there are', async () => {
    const slow = await Promise.all(
      Array.from({ length: 300 }, async (_, number) => {
        const client = await RawClient.connect(service.url);
        return client.send(number % 2 ? `${HEAD}X-Slow: ` : `${HEAD}Content-Length: 90000\r\n\r\n{`);
      }),
    );
    const statuses = new Set<number>();
    for (let time = 0; time < 20; time += 1) statuses.add((await aDevice(service).reports('ok')).status);
    expect([...statuses]).toEqual([201]);
    await Promise.all(slow.map((client) => client.closed()));
  });

  it('to take its answer is given up after two minutes without a byte', () => {
    expect((service.app.getHttpServer() as Server).timeout).toBe(120_000);
  });
});
