import { aDevice, Answer, Device, send } from './support/device.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { startService, TestService } from './support/service.js';

interface Streak {
  [field: string]: unknown;
  alert: { id: number } | null;
  events: Record<string, unknown>[];
}

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

function streakOf(device: Device, query = ''): Promise<Answer<Streak>> {
  return send<Streak>(`${service.url}/api/devices/${device.id}/streak${query}`);
}

function at(minute: number): string {
  return `2025-05-04T10:${String(minute).padStart(2, '0')}:00Z`;
}

describe('The streak of a device', () => {
  it('is its failures since the newest success, newest first, and that success', async () => {
    const device = aDevice(service);
    await device.reports('failed', { at: at(1) });
    await device.reports('ok', { at: at(2) });
    await device.reports('failed', { at: at(5), errorMessage: 'no route' });
    await device.reports('failed', { at: '1970-01-01T00:00:00Z' });
    await device.reports('failed', { at: at(3) });
    const { status, body } = await streakOf(device);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      device_id: device.id,
      consecutive_failures: 3,
      alert_streak: 3,
      failures_until_alert: 0,
      last_successful_sync: '2025-05-04T10:02:00.000Z',
    });
    expect(body.events.map(({ failed, clock, timestamp }) => [failed, clock, timestamp])).toEqual([
      [true, 'behind', '1970-01-01T00:00:00.000Z'],
      [true, 'ok', '2025-05-04T10:05:00.000Z'],
      [true, 'ok', '2025-05-04T10:03:00.000Z'],
      [false, 'ok', '2025-05-04T10:02:00.000Z'],
    ]);
    const { body: history } = await device.history();
    expect(body.events).toEqual(history.slice(0, 4));
  });

  it('names the open alert and what resolves it', async () => {
    const device = aDevice(service);
    await device.reportsInTurn('failed', 'failed', 'failed');
    const { body } = await streakOf(device);
    const [alert] = (await send<Record<string, unknown>[]>(`${service.url}/api/alerts`)).body;
    expect(body.alert).toEqual({ id: alert.id, status: 'open', opened_at: alert.opened_at });
    expect(body.explanation).toMatch(
      /^3 failures in a row and no success yet: an alert is open. The next success/,
    );
    await device.reports('ok');
    expect((await streakOf(device)).body).toMatchObject({ alert: null, consecutive_failures: 0 });
  });

  it('says how many failures are missing to an alert', async () => {
    const device = aDevice(service);
    const told: unknown[] = [];
    for (const outcome of ['ok', 'failed', 'failed', 'failed', 'failed'] as const) {
      await device.reports(outcome);
      const { body } = await streakOf(device);
      told.push([body.failures_until_alert, body.alert !== null]);
    }
    expect(told).toEqual([
      [3, false],
      [2, false],
      [1, false],
      [0, true],
      [0, true],
    ]);
  });

  it('leaves out failures of the very moment of the success, which counts as the later one', async () => {
    const device = aDevice(service);
    for (const outcome of ['failed', 'ok', 'failed', 'ok'] as const)
      await device.reports(outcome, { at: at(1) });
    const { body } = await streakOf(device);
    expect(body).toMatchObject({ consecutive_failures: 0, last_successful_sync: '2025-05-04T10:01:00.000Z' });
    expect(body.events.map(({ failed }) => failed)).toEqual([false]);
  });

  it('shows the newest events of a long one', async () => {
    const device = aDevice(service);
    await device.reports('ok', { at: at(0) });
    for (let minute = 1; minute <= 6; minute += 1) await device.reports('failed', { at: at(minute) });
    const { body } = await streakOf(device, '?limit=2');
    expect(body.consecutive_failures).toBe(6);
    expect(body.events.map(({ timestamp }) => timestamp)).toEqual([
      '2025-05-04T10:06:00.000Z',
      '2025-05-04T10:05:00.000Z',
    ]);
    expect((await streakOf(device, '?limit=7')).body.events).toHaveLength(7);
  });

  it('outlives its events', async () => {
    const device = aDevice(service);
    await device.reportsInTurn('failed', 'failed');
    await service.database.query('DELETE FROM sync_events');
    expect((await streakOf(device)).body).toMatchObject({ consecutive_failures: 2, events: [] });
  });

  it('is 404 of a device that never reported, and 400 for a wrong limit', async () => {
    const device = aDevice(service);
    expectProblem(await streakOf(device), 404, 'device-not-found');
    await device.reports('ok');
    expectRefused(await streakOf(device, '?limit=0'), 'limit');
  });
});
