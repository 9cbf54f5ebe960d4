import { EventEmitter2 } from '@nestjs/event-emitter';
import { AlertChanged } from '../src/alerts/alert-changed.event.js';
import { AlertSweep } from '../src/alerts/alert-sweep.js';
import { aDevice, Device, send } from './support/device.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

const START = Date.parse('2026-03-02T08:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService();
});

beforeEach(async () => {
  device = aDevice(service);
  setTime(START);
  await device.reportsInTurn('failed', 'failed', 'failed');
});

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

afterAll(() => service.stop());

function setTime(time: number, of: TestService = service): void {
  stopServerClock(of, new Date(time));
}

async function sweepAt(time: number, of: TestService = service): Promise<void> {
  setTime(time, of);
  await of.app.get(AlertSweep).sweep();
}

async function reminders({ database }: TestService = service): Promise<{ kept: number; owed: number }> {
  const [row] = await database.query<{ kept: number; owed: number }>(
    `SELECT (SELECT sum(reminders)::int FROM alerts) AS kept,
       (SELECT count(*)::int FROM notifications WHERE transition = 'reminder') AS owed`,
  );
  return row;
}

function post(path: string, method: string, body?: unknown) {
  return send(`${service.url}/api${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

describe('A reminder', () => {
  it('is sent of an alert that is open for longer than REMINDER_AFTER_HOURS, and again as long after that', async () => {
    await sweepAt(START + DAY);
    expect(await reminders()).toEqual({ kept: 0, owed: 0 });
    await sweepAt(START + DAY + 1);
    expect(await reminders()).toEqual({ kept: 1, owed: 1 });
    await sweepAt(START + DAY + 1);
    await sweepAt(START + 2 * DAY + 1);
    expect(await reminders()).toEqual({ kept: 1, owed: 1 });
    await sweepAt(START + 2 * DAY + 2);
    expect(await reminders()).toEqual({ kept: 2, owed: 2 });
  });

  it('stands in the timeline, and is announced', async () => {
    const announced: unknown[] = [];
    const listen = ({ alerts }: AlertChanged): void => void announced.push(...alerts);
    service.app.get(EventEmitter2).on(AlertChanged.eventName, listen);
    await sweepAt(START + DAY + 1);
    service.app.get(EventEmitter2).off(AlertChanged.eventName, listen);
    expect(announced).toEqual([{ id: 1, deviceId: device.id, transition: 'reminder' }]);
    const { body } = await send(`${service.url}/api/alerts/1`);
    expect(body.timeline).toEqual([
      { change: 'opened', at: new Date(START).toISOString(), by: null, note: null },
      { change: 'reminded', at: new Date(START + DAY + 1).toISOString(), by: null, note: null },
    ]);
    expect(body.deliveries).toMatchObject([{ transition: 'opened' }, { transition: 'reminder' }]);
  });

  it('is not sent of an acknowledged alert, and again a whole time after that was withdrawn', async () => {
    await post('/alerts/1/acknowledge', 'POST', { by: 'Amina' });
    await sweepAt(START + 2 * DAY);
    expect(await reminders()).toEqual({ kept: 0, owed: 0 });
    await post('/alerts/1/acknowledge', 'DELETE');
    await sweepAt(START + 3 * DAY);
    expect(await reminders()).toEqual({ kept: 0, owed: 0 });
    await sweepAt(START + 3 * DAY + 1);
    expect(await reminders()).toEqual({ kept: 1, owed: 1 });
  });

  it('is not sent of a resolved alert', async () => {
    await device.reports('ok');
    await sweepAt(START + 2 * DAY);
    expect(await reminders()).toEqual({ kept: 0, owed: 0 });
  });

  it('is not sent of a paused device', async () => {
    await post(`/devices/${device.id}`, 'PATCH', { paused: true });
    await sweepAt(START + DAY + 1);
    await sweepAt(START + 2 * DAY + 2);
    expect(await reminders()).toEqual({ kept: 0, owed: 0 });
    await post(`/devices/${device.id}`, 'PATCH', { paused: false });
    await sweepAt(START + 3 * DAY + 3);
    expect(await reminders()).toEqual({ kept: 1, owed: 1 });
  });

  it('is sent of many alerts, once each', async () => {
    await service.database.query(
      `WITH fleet AS (
         INSERT INTO devices (device_id, first_seen_at, last_contact_at, last_failure_at, consecutive_failures, total_syncs, total_failed_syncs)
         SELECT 'fleet-' || number, $1::timestamptz, $1::timestamptz, $1::timestamptz, 3, 3, 3 FROM generate_series(1, 1300) AS number
         RETURNING device_id
       )
       INSERT INTO alerts (device_id, kind, opened_at, last_told_at, consecutive_failures, first_failed_sync, last_failed_sync)
       SELECT device_id, 'failing', $1::timestamptz, $1::timestamptz, 3, $1::timestamptz, $1::timestamptz FROM fleet`,
      [new Date(START)],
    );
    await Promise.all([sweepAt(START + DAY + 1), sweepAt(START + DAY + 1)]);
    expect(await reminders()).toEqual({ kept: 1301, owed: 1301 });
  });

  it('is never sent with REMINDER_AFTER_HOURS=0', async () => {
    const quiet = await startService({ REMINDER_AFTER_HOURS: '0' });
    try {
      setTime(START, quiet);
      await aDevice(quiet).reportsInTurn('failed', 'failed', 'failed');
      await sweepAt(START + 400 * DAY, quiet);
      expect(await reminders(quiet)).toEqual({ kept: 0, owed: 0 });
    } finally {
      await quiet.stop();
    }
  });
});
