import { aDevice, Answer, Device, Outcome, send } from './support/device.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { spawnService, startService, TestService } from './support/service.js';
import { uploads } from './support/upload.js';

type Alert = Record<string, unknown>;

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService();
});

beforeEach(() => {
  device = aDevice(service);
});

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

afterAll(() => service.stop());

function minute(count: number): string {
  return new Date(Date.UTC(2025, 4, 4, 10, 0, count * 60)).toISOString();
}

/** What the device says happened at that minute: `failed` at 3 is told as "at 3". */
async function reports(outcome: Outcome, at: number): Promise<void> {
  expect((await device.reports(outcome, { at: minute(at), errorMessage: `at ${at}` })).status).toBe(201);
}

async function failsAt(...minutes: number[]): Promise<void> {
  for (const at of minutes) await reports('failed', at);
}

/** All in one upload, in this order. */
async function uploadsAll(...events: [Outcome, number][]): Promise<void> {
  const { body } = await uploads(
    service,
    events.map(([outcome, at]) => device.event(outcome, { at: minute(at), errorMessage: `at ${at}` })),
  );
  expect(body.recorded).toBe(events.length);
}

async function alerts(query = ''): Promise<Alert[]> {
  return (await send<Alert[]>(`${service.url}/api/alerts${query}`)).body;
}

async function details(id: number): Promise<Alert> {
  return (await send(`${service.url}/api/alerts/${id}`)).body;
}

function acknowledge(id: unknown, body: unknown = { by: 'Amina' }): Promise<Answer> {
  return send(`${service.url}/api/alerts/${id}/acknowledge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function withdraw(id: unknown): Promise<Answer> {
  return send(`${service.url}/api/alerts/${id}/acknowledge`, { method: 'DELETE' });
}

function change(changes: Record<string, unknown>): Promise<Answer> {
  return send(`${service.url}/api/devices/${device.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

describe('A failing alert', () => {
  it('opens for no backlog of forty failures that ends in a success', async () => {
    await uploadsAll(...Array.from({ length: 40 }, (_, at): [Outcome, number] => ['failed', at]), ['ok', 40]);
    expect(await alerts()).toEqual([]);
    expect(await service.database.query('SELECT 1 FROM notifications')).toEqual([]);
  });

  it('opens by a late failure that completes a streak', async () => {
    await reports('ok', 1);
    await failsAt(3, 4);
    expect(await alerts()).toEqual([]);
    await failsAt(2);
    expect(await alerts()).toMatchObject([
      {
        status: 'open',
        consecutive_failures: 3,
        first_failed_sync: minute(2),
        last_failed_sync: minute(4),
        last_error_message: 'at 4',
        last_successful_sync: minute(1),
      },
    ]);
  });

  it('is resolved as recovered by a success after its newest failure', async () => {
    await reports('ok', 1);
    await failsAt(2, 3, 4, 5);
    await reports('ok', 6);
    expect(await alerts()).toMatchObject([
      {
        status: 'resolved',
        resolution: 'recovered',
        consecutive_failures: 4,
        first_failed_sync: minute(2),
        last_failed_sync: minute(5),
        last_error_message: 'at 5',
        last_successful_sync: minute(1),
      },
    ]);
  });

  it('is resolved as recovered by a success at the instant of its newest failure, for it counts as later', async () => {
    await failsAt(1, 2, 3);
    await reports('ok', 3);
    expect(await alerts()).toMatchObject([{ resolution: 'recovered', consecutive_failures: 3 }]);
  });

  it('is resolved as corrected by a late success in the middle of its streak, and keeps what it had shown', async () => {
    await reports('ok', 0);
    await failsAt(1, 2, 4, 5);
    await reports('ok', 3);
    expect(await alerts()).toMatchObject([
      {
        status: 'resolved',
        resolution: 'corrected',
        consecutive_failures: 4,
        first_failed_sync: minute(1),
        last_failed_sync: minute(5),
        last_error_message: 'at 5',
        last_successful_sync: minute(0),
      },
    ]);
  });

  it('is the same alert, of a shorter streak, when a late success leaves enough failures after it', async () => {
    await failsAt(1, 2, 4, 5, 6);
    const [{ id }] = await alerts();
    await reports('ok', 3);
    expect(await alerts()).toMatchObject([
      {
        id,
        status: 'open',
        resolution: null,
        consecutive_failures: 3,
        first_failed_sync: minute(4),
        last_successful_sync: minute(3),
      },
    ]);
    await reports('ok', 7);
    expect(await alerts()).toMatchObject([
      {
        id,
        resolution: 'recovered',
        consecutive_failures: 3,
        first_failed_sync: minute(4),
        last_failed_sync: minute(6),
        last_successful_sync: minute(3),
      },
    ]);
  });

  it('forgets failures behind a late success although it had opened for more of them', async () => {
    await uploadsAll(...[1, 2, 3, 4, 6, 7, 8].map((at): [Outcome, number] => ['failed', at]));
    await reports('ok', 5);
    await reports('ok', 9);
    expect(await alerts()).toMatchObject([
      { resolution: 'recovered', consecutive_failures: 3, first_failed_sync: minute(6) },
    ]);
  });

  it.each<[string, [Outcome, number][], Alert]>([
    [
      'a recovery and a new failure after it',
      [
        ['ok', 4],
        ['failed', 5],
      ],
      { resolution: 'recovered', consecutive_failures: 3, last_failed_sync: minute(3) },
    ],
    [
      'the same, the newest first',
      [
        ['failed', 5],
        ['ok', 4],
      ],
      { resolution: 'recovered', consecutive_failures: 3, last_failed_sync: minute(3) },
    ],
    [
      'more failures, then a recovery',
      [
        ['failed', 4],
        ['failed', 5],
        ['ok', 6],
      ],
      {
        resolution: 'recovered',
        consecutive_failures: 5,
        last_failed_sync: minute(5),
        last_error_message: 'at 5',
      },
    ],
    [
      'two recoveries with a failure between them',
      [
        ['failed', 4],
        ['ok', 5],
        ['failed', 6],
        ['ok', 7],
      ],
      {
        resolution: 'recovered',
        consecutive_failures: 4,
        last_failed_sync: minute(4),
        last_error_message: 'at 4',
      },
    ],
    [
      'a late success and a recovery',
      [
        ['ok', 1.5],
        ['ok', 4],
      ],
      { resolution: 'recovered', consecutive_failures: 2, first_failed_sync: minute(2) },
    ],
    [
      'an older failure and a recovery',
      [
        ['failed', 0.5],
        ['ok', 4],
      ],
      { resolution: 'recovered', consecutive_failures: 4, first_failed_sync: minute(0.5) },
    ],
    [
      'two late successes',
      [
        ['ok', 1.5],
        ['ok', 2.5],
      ],
      { resolution: 'corrected', consecutive_failures: 3, first_failed_sync: minute(1) },
    ],
    [
      'a late success and a failure older than it',
      [
        ['failed', 1.2],
        ['ok', 1.5],
      ],
      {
        resolution: 'corrected',
        consecutive_failures: 3,
        first_failed_sync: minute(1),
        last_failed_sync: minute(3),
      },
    ],
  ])('of the failures 1, 2, 3 ends with one upload of %s', async (_, events, ended) => {
    await failsAt(1, 2, 3);
    await uploadsAll(...events);
    expect(await alerts()).toMatchObject([{ status: 'resolved', ...ended }]);
  });

  it('is resolved as corrected by a service whose limit is above its streak', async () => {
    await reports('ok', 1);
    await failsAt(2, 3, 4, 5);
    const patient = await spawnService(service.database.url, { ALERT_FAILURE_STREAK: '5' });
    try {
      expect(await alerts()).toMatchObject([
        {
          status: 'resolved',
          resolution: 'corrected',
          consecutive_failures: 4,
          first_failed_sync: minute(2),
          last_successful_sync: minute(1),
        },
      ]);
    } finally {
      await patient.kill();
    }
  });
});

describe('Acknowledging an alert', () => {
  const ACKNOWLEDGED_AT = new Date(Date.now() + 60_000).toISOString();

  beforeEach(async () => {
    await failsAt(1, 2, 3);
  });

  it('records who, when and a note', async () => {
    stopServerClock(service, ACKNOWLEDGED_AT);
    const { status, body } = await acknowledge(1, { by: 'Amina', note: 'I go there on Thursday.' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 1,
      status: 'acknowledged',
      acknowledged_at: ACKNOWLEDGED_AT,
      acknowledged_by: 'Amina',
      note: 'I go there on Thursday.',
      resolved_at: null,
    });
    expect(await alerts('?status=acknowledged')).toEqual([body]);
    expect(await alerts('?status=open')).toEqual([]);
  });

  it.each([
    ['twice by the same person', { by: 'Amina', note: 'mine' }],
    ['by another one', { by: 'Baraka' }],
    ['with another note', { by: 'Amina', note: 'another' }],
  ])('%s leaves the first acknowledgement as it is', async (_, again) => {
    const first = await acknowledge(1, { by: 'Amina', note: 'mine' });
    const second = await acknowledge(1, again);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect((await details(1)).timeline).toHaveLength(2);
  });

  it('by many at the same moment leaves one of them', async () => {
    const names = Array.from({ length: 20 }, (_, number) => `person ${number}`);
    const answers = await Promise.all(names.map((by) => acknowledge(1, { by })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.acknowledged_by)).size).toBe(1);
    expect((await details(1)).timeline).toHaveLength(2);
  });

  it('can be withdrawn, once and again', async () => {
    await acknowledge(1, { by: 'Amina', note: 'mine' });
    for (const time of [1, 2]) {
      expect({ time, ...(await withdraw(1)) }).toMatchObject({
        status: 200,
        body: { status: 'open', acknowledged_at: null, acknowledged_by: null, note: null },
      });
    }
    expect((await acknowledge(1, { by: 'Baraka' })).body).toMatchObject({
      acknowledged_by: 'Baraka',
      note: null,
    });
  });

  it('does not keep the alert from resolving, and stays with it', async () => {
    await acknowledge(1, { by: 'Amina', note: 'mine' });
    await reports('ok', 4);
    expect(await alerts()).toMatchObject([
      { status: 'resolved', resolution: 'recovered', acknowledged_by: 'Amina', note: 'mine' },
    ]);
  });

  it('does not open a second alert while the streak grows', async () => {
    await acknowledge(1);
    await failsAt(4, 5);
    expect(await alerts()).toMatchObject([{ status: 'acknowledged', consecutive_failures: 5 }]);
  });

  it('is impossible once the alert is resolved, and so is withdrawing', async () => {
    await acknowledge(1);
    await reports('ok', 4);
    const resolved = await details(1);
    expectProblem(await acknowledge(1), 409, 'alert-resolved');
    expectProblem(await withdraw(1), 409, 'alert-resolved');
    expect(await details(1)).toEqual(resolved);
  });

  it('is impossible of an alert that never was', async () => {
    expectProblem(await acknowledge(9), 404, 'alert-not-found');
    expectProblem(await withdraw(9), 404, 'alert-not-found');
  });

  it.each([
    ['by', {}],
    ['by', { by: '' }],
    ['by', { by: ' ' }],
    ['by', { by: 7 }],
    ['by', { by: 'a\u0000b' }],
    ['by', { by: 'x'.repeat(201) }],
    ['note', { by: 'Amina', note: 'x'.repeat(1_001) }],
    ['note', { by: 'Amina', note: 'two\nlines' }],
    ['note', { by: 'Amina', note: 7 }],
    ['until', { by: 'Amina', until: 'tomorrow' }],
  ])('refuses a wrong %s: %j', async (field, body) => {
    expectRefused(await acknowledge(1, body), field);
    expectRefused(await acknowledge('x'), 'id');
    expectRefused(await withdraw('x'), 'id');
    expect(await alerts()).toMatchObject([{ status: 'open' }]);
  });

  it('takes names and notes of the full length', async () => {
    const body = { by: 'é'.repeat(200), note: '🙂'.repeat(500) };
    expect((await acknowledge(1, body)).body).toMatchObject({ acknowledged_by: body.by, note: body.note });
  });
});

describe('One alert', () => {
  it('tells what happened to it, when and by whom', async () => {
    await failsAt(1, 2, 3);
    const { opened_at } = await details(1);
    await acknowledge(1, { by: 'Amina', note: 'mine' });
    await withdraw(1);
    await acknowledge(1, { by: 'Baraka' });
    await reports('ok', 4);
    const { timeline, acknowledged_at, resolved_at } = await details(1);
    expect(timeline).toEqual([
      { change: 'opened', at: opened_at, by: null, note: null },
      { change: 'acknowledged', at: expect.any(String) as unknown, by: 'Amina', note: 'mine' },
      { change: 'unacknowledged', at: expect.any(String) as unknown, by: null, note: null },
      { change: 'acknowledged', at: acknowledged_at, by: 'Baraka', note: null },
      { change: 'resolved', at: resolved_at, by: null, note: null },
    ]);
    const times = (timeline as { at: string }[]).map(({ at }) => at);
    expect([...times].sort()).toEqual(times);
  });

  it('tells its own story alone', async () => {
    await failsAt(1, 2, 3);
    await reports('ok', 4);
    await failsAt(5, 6, 7);
    expect((await details(2)).timeline).toMatchObject([{ change: 'opened' }]);
    expect((await details(2)).deliveries).toHaveLength(1);
  });

  it('tells how far its notifications have come', async () => {
    await failsAt(1, 2, 3);
    await service.database.query(
      `INSERT INTO channels (kind, name, url, secret) VALUES ('webhook', 'Ops', 'https://example.org', 's')`,
    );
    await reports('ok', 4);
    await service.database.query(
      `UPDATE notifications SET status = 'dead', attempts = 10, finished_at = '2026-01-02T03:04:05Z', last_failure = 'timeout'
       WHERE transition = 'resolved'`,
    );
    expect((await details(1)).deliveries).toMatchObject([
      { id: 1, channel_id: 1, channel_name: 'Log', transition: 'opened', status: 'delivered', attempts: 1 },
      {
        channel_name: 'Log',
        transition: 'resolved',
        status: 'dead',
        attempts: 10,
        finished_at: '2026-01-02T03:04:05.000Z',
        last_failure: 'timeout',
      },
    ]);
  });
});

describe('The list of alerts', () => {
  it('is filtered by the time of opening, from the first instant to before the last', async () => {
    for (const day of [1, 2, 3]) {
      device = aDevice(service);
      stopServerClock(service, `2026-03-0${day}T12:00:00Z`);
      await failsAt(1, 2, 3);
    }
    const opened = async (query: string): Promise<unknown[]> => (await alerts(query)).map(({ id }) => id);
    expect(await opened('?from=2026-03-02T12:00:00Z')).toEqual([3, 2]);
    expect(await opened('?to=2026-03-02T12:00:00Z')).toEqual([1]);
    expect(await opened('?from=2026-03-02T12:00:00Z&to=2026-03-03T12:00:00Z')).toEqual([2]);
    expect(await opened('?from=2026-03-02T12:00:00.001Z&to=2026-03-03T12:00:00Z')).toEqual([]);
  });

  it('keeps what is open, what is acknowledged and what is resolved apart', async () => {
    for (const state of ['open', 'acknowledged', 'resolved']) {
      device = aDevice(service, state);
      await failsAt(1, 2, 3);
      if (state === 'acknowledged') await acknowledge(2);
      if (state === 'resolved') await reports('ok', 4);
    }
    for (const state of ['open', 'acknowledged', 'resolved'])
      expect(await alerts(`?status=${state}`)).toMatchObject([{ device_id: state, status: state }]);
    expect(await alerts('?kind=silent')).toEqual([]);
  });
});

describe('A paused device', () => {
  async function owed(): Promise<unknown[]> {
    return (
      await service.database.query<{ transition: string }>('SELECT transition FROM notifications ORDER BY id')
    ).map(({ transition }) => transition);
  }

  beforeEach(async () => {
    await reports('ok', 0);
    expect((await change({ paused: true })).body).toMatchObject({ paused: true });
  });

  it('keeps its events, and its alerts open and resolve, but tell nobody', async () => {
    await failsAt(1, 2, 3);
    expect(await alerts()).toMatchObject([{ status: 'open' }]);
    await reports('ok', 4);
    expect(await alerts()).toMatchObject([{ status: 'resolved', resolution: 'recovered' }]);
    expect((await device.history()).body).toHaveLength(5);
    expect(await owed()).toEqual([]);
  });

  it('tells, once it is no longer paused, what is still so', async () => {
    await failsAt(1, 2, 3);
    expect((await change({ paused: false })).body).toMatchObject({ paused: false });
    expect(await owed()).toEqual(['opened']);
    await change({ paused: false });
    expect(await owed()).toEqual(['opened']);
  });

  it('tells the end of what it had told before the pause', async () => {
    await change({ paused: false });
    await failsAt(1, 2, 3);
    await change({ paused: true });
    await reports('ok', 4);
    expect(await owed()).toEqual(['opened']);
    await change({ paused: false });
    expect(await owed()).toEqual(['opened', 'resolved']);
  });

  it('stays paused when other things of it are changed', async () => {
    expect((await change({ name: 'Library' })).body).toMatchObject({ paused: true, name: 'Library' });
  });

  it.each([['yes'], [null], [1]])('refuses %j for whether it is paused', async (paused) => {
    expectRefused(await change({ paused }), 'paused');
  });
});
