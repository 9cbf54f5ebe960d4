import { send } from './support/device.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterEach(() => letServerClockRun(service));

afterAll(() => service.stop());

describe('The time', () => {
  it('is that of the server, in the body and in the Date header, and kept by nobody', async () => {
    stopServerClock(service, '2026-05-04T10:30:02.113Z');
    const { status, body, headers } = await send(`${service.url}/api/time`);
    expect({ status, ...body }).toEqual({ status: 200, time: '2026-05-04T10:30:02.113Z' });
    expect(headers.get('date')).toBe('Mon, 04 May 2026 10:30:02 GMT');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is now', async () => {
    const { body } = await send(`${service.url}/api/time`);
    expect(Math.abs(Date.parse(body.time as string) - Date.now())).toBeLessThan(5_000);
  });
});
