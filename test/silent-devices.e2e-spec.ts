import { INestApplication } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { AlertChanged, ChangedAlert } from '../src/alerts/alert-changed.event.js';
import { AlertSweep } from '../src/alerts/alert-sweep.js';
import { createApp } from '../src/app.setup.js';
import { loadConfig } from '../src/config/load-config.js';
import { Clock } from '../src/domain/clock.js';
import { aDevice, Answer, Device, send } from './support/device.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

type Alert = Record<string, unknown>;

const START = Date.parse('2026-03-02T08:00:00Z');
const HOUR = 3_600_000;
/** The service's own, SILENT_AFTER_HOURS. */
const THREE_DAYS = 72 * HOUR;
/** Less than three sweep intervals of the test's service, so that it counts as being there all the time. */
const STEP = 50 * 60_000;

let service: TestService;
let now: number;
let device: Device;

beforeAll(async () => {
  service = await startService({ SWEEP_INTERVAL_SECONDS: '1200' });
});

beforeEach(async () => {
  await setTime(START);
  await sweep();
  device = aDevice(service);
});

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

afterAll(() => service.stop());

async function setTime(time: number): Promise<void> {
  now = time;
  stopServerClock(service, new Date(now));
}

function sweep(app: INestApplication = service.app): Promise<void> {
  return app.get(AlertSweep).sweep();
}

/** The service is there and sweeps. */
async function timePasses(milliseconds: number): Promise<void> {
  for (const end = now + milliseconds; now < end;) {
    await setTime(Math.min(now + STEP, end));
    await sweep();
  }
}

/** It is not, and then starts again, with a sweep. */
async function serviceIsAway(milliseconds: number): Promise<void> {
  await setTime(now + milliseconds);
  await sweep();
}

async function alerts(query = ''): Promise<Alert[]> {
  return (await send<Alert[]>(`${service.url}/api/alerts${query}`)).body;
}

async function silentAlerts(): Promise<unknown[]> {
  return (await alerts(`?kind=silent&device_id=${device.id}`)).map(({ status }) => status);
}

async function state(): Promise<unknown> {
  return (await send(`${service.url}/api/devices/${device.id}`)).body.state;
}

async function fleetStates(): Promise<unknown> {
  // Counted at most every 30 seconds: by a service of its own each time.
  const again = await anotherReplica();
  try {
    await again.listen(0, '127.0.0.1');
    return ((await send(`${await again.getUrl()}/api/stats`)).body as { devices_by_state: unknown })
      .devices_by_state;
  } finally {
    await again.close();
  }
}

function change(changes: Record<string, unknown>): Promise<Answer> {
  return send(`${service.url}/api/devices/${device.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

/** On the same database and at the same time. Its start sweeps. */
async function anotherReplica(settings: Record<string, string> = {}): Promise<INestApplication> {
  const app = await createApp(
    loadConfig({
      NODE_ENV: 'test',
      DATABASE_URL: service.database.url,
      SWEEP_INTERVAL_SECONDS: '1200',
      ...settings,
    }),
    false,
  );
  app.get(Clock).now = () => new Date(now);
  return app.init();
}

/** What is announced to other modules while `action` runs. */
async function announcedBy(action: () => Promise<unknown>): Promise<ChangedAlert[]> {
  const announced: ChangedAlert[] = [];
  const listen = ({ alerts: changed }: AlertChanged): void => void announced.push(...changed);
  const events = service.app.get(EventEmitter2);
  events.on(AlertChanged.eventName, listen);
  await action();
  events.off(AlertChanged.eventName, listen);
  return announced;
}

async function owed(): Promise<unknown[]> {
  const rows = await service.database.query<{ transition: string }>(
    'SELECT transition FROM notifications ORDER BY id',
  );
  return rows.map(({ transition }) => transition);
}

describe('A silent alert', () => {
  it('opens when the last contact is older than SILENT_AFTER_HOURS, to the millisecond', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS);
    expect([await silentAlerts(), await state()]).toEqual([[], 'late']);
    const announced = await announcedBy(() => timePasses(1));
    expect([await silentAlerts(), await state()]).toEqual([['open'], 'silent']);
    expect(announced).toEqual([{ id: 1, deviceId: device.id, transition: 'opened' }]);
    expect(await owed()).toEqual(['opened']);
  });

  it('is one, however long the silence lasts', async () => {
    await device.reports('ok');
    await timePasses(2 * THREE_DAYS);
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('says what an operator has to know', async () => {
    for (const [outcome, minute] of [
      ['ok', 1],
      ['failed', 2],
      ['failed', 3],
    ] as const) {
      await device.reports(outcome, {
        at: new Date(START - HOUR + minute * 60_000),
        errorMessage: 'no route',
      });
    }
    await timePasses(THREE_DAYS);
    await timePasses(1);
    expect(await alerts()).toMatchObject([
      {
        device_id: device.id,
        kind: 'silent',
        status: 'open',
        opened_at: new Date(now).toISOString(),
        consecutive_failures: 2,
        first_failed_sync: new Date(START - HOUR + 120_000).toISOString(),
        last_failed_sync: new Date(START - HOUR + 180_000).toISOString(),
        last_error_message: 'no route',
        last_successful_sync: new Date(START - HOUR + 60_000).toISOString(),
        last_contact_at: new Date(START).toISOString(),
      },
    ]);
  });

  it('waits for three intervals of the device itself where those are longer', async () => {
    await device.reports('ok');
    expect((await change({ expected_interval_seconds: 48 * 3_600 })).status).toBe(200);
    await timePasses(144 * HOUR);
    expect([await silentAlerts(), await state()]).toEqual([[], 'late']);
    await timePasses(1);
    expect([await silentAlerts(), await state()]).toEqual([['open'], 'silent']);
  });

  it('opens at once, with the next sweep, when the device is expected more often', async () => {
    await device.reports('ok');
    await change({ expected_interval_seconds: 48 * 3_600 });
    await timePasses(100 * HOUR);
    expect(await silentAlerts()).toEqual([]);
    await change({ expected_interval_seconds: null });
    await sweep();
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('is resolved as corrected when the device is expected less often', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS + 1);
    await change({ expected_interval_seconds: 48 * 3_600 });
    await sweep();
    expect(await alerts()).toMatchObject([{ status: 'resolved', resolution: 'corrected' }]);
    await timePasses(72 * HOUR);
    expect(await silentAlerts()).toEqual(['open', 'resolved']);
  });

  it('stays when the device is expected less often, but not so rarely', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS + HOUR);
    await change({ expected_interval_seconds: 24 * 3_600 });
    await sweep();
    expect(await silentAlerts()).toEqual(['open']);
    await device.reports('ok');
    expect(await silentAlerts()).toEqual(['resolved']);
  });

  it('does not open while the device is in contact, though each of its syncs fails', async () => {
    for (let day = 0; day < 8; day += 1) {
      await device.reports('failed');
      await timePasses(24 * HOUR);
    }
    expect(await alerts('?kind=silent')).toEqual([]);
    expect(await alerts('?kind=failing')).toHaveLength(1);
  });

  it('does not open for people who look at the device', async () => {
    await device.reports('ok');
    for (let day = 0; day < 3; day += 1) {
      await timePasses(24 * HOUR);
      await state();
      await device.history();
    }
    await timePasses(1);
    expect(await silentAlerts()).toEqual(['open']);
  });

  it.each(['ok', 'failed'] as const)(
    'is resolved by contact, before a sync that %s is answered',
    async (outcome) => {
      await device.reports('ok');
      await timePasses(THREE_DAYS + STEP);
      await setTime(now + 60_000);
      const announced = await announcedBy(() => device.reports(outcome));
      expect(await alerts()).toMatchObject([
        {
          status: 'resolved',
          resolution: 'contact',
          resolved_at: new Date(now).toISOString(),
          last_contact_at: new Date(START).toISOString(),
        },
      ]);
      expect(await state()).toBe('online');
      expect(announced).toEqual([{ id: 1, deviceId: device.id, transition: 'resolved' }]);
    },
  );

  it('opens anew after the next silence', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS + 1);
    await device.reports('ok');
    await timePasses(THREE_DAYS);
    expect(await silentAlerts()).toEqual(['resolved']);
    await timePasses(1);
    expect(await silentAlerts()).toEqual(['open', 'resolved']);
  });

  it('stands beside a failing one', async () => {
    await device.reportsInTurn('failed', 'failed', 'failed');
    await timePasses(THREE_DAYS + 1);
    expect((await alerts('?status=open')).map(({ kind }) => kind)).toEqual(['silent', 'failing']);
    await device.reports('failed');
    expect((await alerts('?status=open')).map(({ kind }) => kind)).toEqual(['failing']);
  });

  it('of a paused device opens and is resolved, and tells nobody', async () => {
    await device.reports('ok');
    await change({ paused: true });
    await timePasses(THREE_DAYS + 1);
    expect(await silentAlerts()).toEqual(['open']);
    await device.reports('ok');
    expect(await silentAlerts()).toEqual(['resolved']);
    expect(await owed()).toEqual([]);
  });

  it('that a crash kept a contact from resolving is resolved by the next sweep', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS + 1);
    await service.database.query(`UPDATE devices SET last_contact_at = $1`, [new Date(now)]);
    await sweep();
    expect(await alerts()).toMatchObject([{ status: 'resolved', resolution: 'contact' }]);
    await timePasses(THREE_DAYS + 1);
    expect(await silentAlerts()).toEqual(['open', 'resolved']);
  });

  it('opens once, whatever the number of replicas', async () => {
    const fleet = Array.from({ length: 1_200 }, (_, number) => aDevice(service, `fleet-${number}`));
    for (let start = 0; start < fleet.length; start += 100)
      await Promise.all(fleet.slice(start, start + 100).map((one) => one.reports('ok')));
    await timePasses(THREE_DAYS);
    const replicas = await Promise.all([anotherReplica(), anotherReplica()]);
    try {
      await setTime(now + 1);
      for (let round = 0; round < 5; round += 1)
        await Promise.all([service.app, ...replicas].map((app) => sweep(app)));
      const [counts] = await service.database.query(
        `SELECT count(*)::int AS alerts, count(DISTINCT device_id)::int AS devices,
           (SELECT count(*)::int FROM notifications WHERE transition = 'opened') AS told
         FROM alerts WHERE kind = 'silent' AND resolved_at IS NULL`,
      );
      expect(counts).toEqual({ alerts: 1_200, devices: 1_200, told: 1_200 });
    } finally {
      await Promise.all(replicas.map((replica) => replica.close()));
    }
  }, 60_000);

  it('opens for devices that report while others are swept, and for those alone that do not', async () => {
    const fleet = Array.from({ length: 600 }, (_, number) => aDevice(service, `busy-${number}`));
    for (let start = 0; start < fleet.length; start += 100)
      await Promise.all(fleet.slice(start, start + 100).map((one) => one.reports('ok')));
    await timePasses(THREE_DAYS);
    await setTime(now + 1);
    const reporting = fleet.filter((_, number) => number % 2 === 0);
    await Promise.all([sweep(), ...reporting.map((one) => one.reports('ok'))]);
    await sweep();
    const open = (await alerts('?status=open&limit=1000')).map(({ device_id }) => device_id);
    const others = fleet.filter((one) => !reporting.includes(one)).map(({ id }) => id);
    expect(new Set(open)).toEqual(new Set(others));
  }, 60_000);
});

describe('Time in which the service is away', () => {
  it.each([1, 100])('does not count as silence: %i hours', async (hours) => {
    await device.reports('ok');
    await timePasses(THREE_DAYS - HOUR);
    await serviceIsAway(hours * HOUR + 1);
    expect([await silentAlerts(), await state()]).toEqual([[], 'late']);
    expect(await fleetStates()).toMatchObject({ late: 1, silent: 0 });
    await timePasses(HOUR);
    expect([await silentAlerts(), await state()]).toEqual([[], 'late']);
    await timePasses(1);
    expect([await silentAlerts(), await state()]).toEqual([['open'], 'silent']);
    expect(await fleetStates()).toMatchObject({ late: 0, silent: 1 });
  });

  it('does not count at a start either: a service stopped for 100 hours opens nothing by that', async () => {
    await device.reports('ok');
    await timePasses(HOUR);
    await setTime(now + 100 * HOUR);
    await (await anotherReplica()).close();
    expect([await silentAlerts(), await state()]).toEqual([[], 'online']);
  });

  it('is added up over several outages, each from the contact on', async () => {
    await timePasses(HOUR);
    await serviceIsAway(10 * HOUR);
    await device.reports('ok');
    await serviceIsAway(20 * HOUR);
    await timePasses(HOUR);
    await serviceIsAway(30 * HOUR);
    await timePasses(THREE_DAYS - HOUR);
    expect(await silentAlerts()).toEqual([]);
    await timePasses(1);
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('does not count of an outage that began before the contact', async () => {
    // As a report may be that arrives while a service starts, before its first sweep.
    await timePasses(HOUR);
    await setTime(now + 10 * HOUR);
    await device.reports('ok');
    await serviceIsAway(5 * HOUR);
    await timePasses(THREE_DAYS);
    expect(await silentAlerts()).toEqual([]);
    await timePasses(1);
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('does not count for an alert that is open already: it stays', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS + 1);
    await serviceIsAway(100 * HOUR);
    expect([await silentAlerts(), await state()]).toEqual([['open'], 'silent']);
  });

  it('is no outage while another replica sweeps', async () => {
    await device.reports('ok');
    const other = await anotherReplica();
    try {
      for (let hours = 0; hours < 72; hours += 1) {
        await setTime(now + HOUR);
        await sweep(other);
      }
      await setTime(now + 1);
      await sweep();
      expect(await silentAlerts()).toEqual(['open']);
      expect(await service.database.query('SELECT 1 FROM service_outages')).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('is no outage while no more than two sweeps are missing', async () => {
    await device.reports('ok');
    await serviceIsAway(HOUR);
    expect(await service.database.query('SELECT 1 FROM service_outages')).toEqual([]);
    await serviceIsAway(HOUR + 1);
    expect(await service.database.query('SELECT 1 FROM service_outages')).toHaveLength(1);
  });

  it('ends with the database coming back, as with a start', async () => {
    await device.reports('ok');
    await timePasses(HOUR);
    await service.database.query('ALTER TABLE service_heartbeat RENAME TO out_of_reach');
    await timePasses(100 * HOUR);
    await service.database.query('ALTER TABLE out_of_reach RENAME TO service_heartbeat');
    await sweep();
    expect([await silentAlerts(), await state()]).toEqual([[], 'online']);
  });

  it('is forgotten when a clock that was ahead is put right', async () => {
    await device.reports('ok');
    await serviceIsAway(1_000 * HOUR);
    await setTime(START + HOUR);
    await sweep();
    await timePasses(THREE_DAYS - HOUR + 1);
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('is forgotten after three years', async () => {
    await serviceIsAway(10 * HOUR);
    for (let year = 0; year < 3; year += 1) await serviceIsAway(365 * 24 * HOUR);
    expect(await service.database.query('SELECT 1 FROM service_outages')).toHaveLength(4);
    await serviceIsAway(2 * 24 * HOUR);
    expect(await service.database.query('SELECT 1 FROM service_outages')).toHaveLength(4);
  });
});

describe('Silence survives', () => {
  it('a restart: the deadline is the same', async () => {
    await device.reports('ok');
    await timePasses(THREE_DAYS);
    await (await anotherReplica()).close();
    expect(await silentAlerts()).toEqual([]);
    await setTime(now + 1);
    await (await anotherReplica()).close();
    expect(await silentAlerts()).toEqual(['open']);
    await (await anotherReplica()).close();
    expect(await silentAlerts()).toEqual(['open']);
  });

  it('new settings: what is silent by them is so with the sweep after, and no longer what is not', async () => {
    await device.reports('ok');
    await timePasses(50 * HOUR);
    const strict = await anotherReplica({ SILENT_AFTER_HOURS: '48' });
    await sweep(strict);
    await strict.close();
    expect(await silentAlerts()).toEqual(['open']);
    await sweep();
    expect(await alerts()).toMatchObject([{ status: 'resolved', resolution: 'corrected' }]);
    const rarely = await anotherReplica({ EXPECTED_INTERVAL_SECONDS: String(30 * 3_600) });
    await sweep(rarely);
    await timePassesIn(rarely, 40 * HOUR);
    expect(await silentAlerts()).toEqual(['resolved']);
    await timePassesIn(rarely, 1);
    expect(await silentAlerts()).toEqual(['open', 'resolved']);
    await rarely.close();
  });

  async function timePassesIn(app: INestApplication, milliseconds: number): Promise<void> {
    for (const end = now + milliseconds; now < end;) {
      await setTime(Math.min(now + STEP, end));
      await sweep(app);
    }
  }
});
