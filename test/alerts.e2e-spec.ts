import { aDevice, Device, Outcome, send } from './support/device.js';
import { everyPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { SpawnedService, spawnService, startService, TestService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

type Alert = Record<string, unknown>;

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

function minute(count: number): string {
  return new Date(Date.UTC(2025, 4, 4, 10, count)).toISOString();
}

/** One event a minute from this one on, each after the answer to the one before. */
async function reportsFrom(device: Device, first: number, ...outcomes: Outcome[]): Promise<void> {
  for (const [place, outcome] of outcomes.entries()) {
    await device.reports(outcome, { at: minute(first + place), errorMessage: `at ${first + place}` });
  }
}

async function alerts(query = '', { url }: { url: string } = service): Promise<Alert[]> {
  const { status, body } = await send<Alert[]>(`${url}/api/alerts${query}`);
  expect(status).toBe(200);
  return body;
}

/** The states of a device's alerts, newest first. */
async function statesOf(device: Device, of: { url: string } = service): Promise<unknown[]> {
  return (await alerts(`?device_id=${device.id}`, of)).map(({ status }) => status);
}

function idsOf(list: readonly Alert[]): unknown[] {
  return list.map(({ id }) => id);
}

describe('An alert for a device that keeps failing', () => {
  let device: Device;

  beforeEach(() => {
    device = aDevice(service);
  });

  it('opens at the third failure in a row, not before', async () => {
    const states: unknown[] = [];
    for (let failure = 1; failure <= 3; failure += 1) {
      await reportsFrom(device, failure, 'failed');
      states.push(await statesOf(device));
    }
    expect(states).toEqual([[], [], ['open']]);
  });

  it('is one, however long the streak grows', async () => {
    await reportsFrom(device, 1, ...Array<Outcome>(12).fill('failed'));
    expect(await statesOf(device)).toEqual(['open']);
  });

  it('does not open for three failures with a success between them', async () => {
    await reportsFrom(device, 1, 'failed', 'failed', 'ok', 'failed', 'failed');
    expect(await statesOf(device)).toEqual([]);
  });

  it('opens for three identical reports without time or event_id', async () => {
    await device.reportsInTurn('failed', 'failed', 'failed');
    expect(await statesOf(device)).toEqual(['open']);
  });

  it('does not open for one failure that is sent three times under one event_id', async () => {
    for (let time = 0; time < 3; time += 1) await device.reports('failed', { eventId: 'boot-1:1' });
    expect(await statesOf(device)).toEqual([]);
  });

  it('resolves on the next success', async () => {
    await reportsFrom(device, 1, 'failed', 'failed', 'failed', 'failed');
    const [{ id }] = await alerts();
    await reportsFrom(device, 5, 'ok');
    expect(await alerts()).toEqual([
      expect.objectContaining({ id, status: 'resolved', resolved_at: expect.any(String) }),
    ]);
  });

  it('opens anew on a new streak', async () => {
    await reportsFrom(device, 1, 'failed', 'failed', 'failed', 'ok', 'failed', 'failed');
    expect(await statesOf(device)).toEqual(['resolved']);
    await reportsFrom(device, 7, 'failed');
    expect(await statesOf(device)).toEqual(['open', 'resolved']);
  });

  it('is of that device alone', async () => {
    const other = aDevice(service);
    for (let time = 1; time <= 2; time += 1) {
      await reportsFrom(device, time, 'failed');
      await reportsFrom(other, time, 'failed');
    }
    expect(await alerts()).toEqual([]);
    await reportsFrom(other, 3, 'failed');
    expect((await alerts()).map(({ device_id }) => device_id)).toEqual([other.id]);
  });

  it('resolves on a late success that breaks the run', async () => {
    await reportsFrom(device, 1, 'failed', 'failed');
    await reportsFrom(device, 4, 'failed', 'failed');
    expect(await statesOf(device)).toEqual(['open']);
    await device.reports('ok', { at: minute(3) });
    expect(await statesOf(device)).toEqual(['resolved']);
  });

  it('stays open on a late success that leaves three failures after it', async () => {
    await reportsFrom(device, 1, 'failed');
    await reportsFrom(device, 3, 'failed', 'failed', 'failed');
    await device.reports('ok', { at: minute(2) });
    expect(await statesOf(device)).toEqual(['open']);
    await device.reports('ok', { at: minute(3) });
    expect(await statesOf(device)).toEqual(['resolved']);
  });

  it('opens on late failures that complete a run', async () => {
    await reportsFrom(device, 1, 'ok');
    await reportsFrom(device, 9, 'failed');
    await device.reports('failed', { at: minute(3) });
    expect(await statesOf(device)).toEqual([]);
    await device.reports('failed', { at: minute(2) });
    expect(await statesOf(device)).toEqual(['open']);
  });

  it('does not open for failures from before the newest success', async () => {
    await reportsFrom(device, 9, 'ok');
    await reportsFrom(device, 1, 'failed', 'failed', 'failed', 'failed');
    expect(await statesOf(device)).toEqual([]);
  });

  it('opens once for a backlog of forty failures, and its success at the end resolves it', async () => {
    await reportsFrom(device, 1, ...Array<Outcome>(40).fill('failed'), 'ok');
    expect(await alerts()).toEqual([
      expect.objectContaining({ status: 'resolved', consecutive_failures: 40 }),
    ]);
  });

  it('is settled when the report is answered, though forty arrive at the same moment', async () => {
    const outcomes = Array.from({ length: 40 }, (_, place) =>
      device.reports('failed', { at: minute(place), eventId: `e${place}` }),
    );
    const highest = await Promise.any(
      outcomes.map(async (answer) => {
        const { body } = await answer;
        if ((body.consecutive_failures as number) < 3) throw new Error('not yet');
        return statesOf(device);
      }),
    );
    expect(highest).toEqual(['open']);
    await Promise.all(outcomes);
    expect(await statesOf(device)).toEqual(['open']);
    await device.reports('ok', { at: minute(50) });
    expect(await statesOf(device)).toEqual(['resolved']);
  });

  it('says what an operator has to know', async () => {
    await reportsFrom(device, 1, 'ok', 'failed', 'failed', 'failed');
    await send(`${service.url}/api/devices/${device.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ site: 'Kibera Primary' }),
    });
    const [alert] = await alerts();
    expect(alert).toEqual({
      id: 1,
      device_id: device.id,
      device_name: null,
      site: 'Kibera Primary',
      kind: 'failing',
      status: 'open',
      consecutive_failures: 3,
      opened_at: expect.any(String) as unknown,
      acknowledged_at: null,
      acknowledged_by: null,
      note: null,
      resolved_at: null,
      resolution: null,
      first_failed_sync: minute(2),
      last_failed_sync: minute(4),
      last_error_message: 'at 4',
      last_successful_sync: minute(1),
      last_contact_at: expect.any(String) as unknown,
    });
    expect(Date.now() - Date.parse(alert.opened_at as string)).toBeLessThan(60_000);
    expect((await send(`${service.url}/api/alerts/1`)).body).toMatchObject(alert);
  });

  it('shows the streak as it stands while it is open', async () => {
    await reportsFrom(device, 2, 'failed', 'failed', 'failed', 'failed');
    expect(await alerts()).toEqual([
      expect.objectContaining({
        consecutive_failures: 4,
        first_failed_sync: minute(2),
        last_failed_sync: minute(5),
        last_error_message: 'at 5',
      }),
    ]);
    await reportsFrom(device, 1, 'failed');
    expect(await alerts()).toEqual([
      expect.objectContaining({ consecutive_failures: 5, first_failed_sync: minute(1) }),
    ]);
  });

  it('keeps, once resolved, what its streak had grown to', async () => {
    await reportsFrom(device, 2, 'failed', 'failed', 'failed', 'failed', 'failed');
    await reportsFrom(device, 1, 'failed');
    const [{ status: _open, resolved_at: _never, resolution: _none, last_contact_at: _then, ...grown }] =
      await alerts();
    await reportsFrom(device, 7, 'ok');
    const [resolved] = await alerts();
    expect(resolved).toMatchObject({
      ...grown,
      consecutive_failures: 6,
      first_failed_sync: minute(1),
      last_failed_sync: minute(6),
      last_error_message: 'at 6',
    });
    await reportsFrom(device, 8, 'failed', 'failed', 'ok', 'failed');
    expect(await alerts()).toEqual([resolved]);
  });

  it('is about its own streak alone', async () => {
    await reportsFrom(device, 1, 'failed', 'failed', 'failed', 'failed', 'ok');
    await reportsFrom(device, 6, 'failed', 'failed', 'failed', 'ok');
    expect(await alerts()).toEqual([
      expect.objectContaining({ consecutive_failures: 3, first_failed_sync: minute(6) }),
      expect.objectContaining({ consecutive_failures: 4, first_failed_sync: minute(1) }),
    ]);
  });
});

describe('The list of alerts', () => {
  /** a: resolved 1; b: open 2; a: open 3; c: resolved 4; d: open 5. */
  beforeEach(async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => aDevice(service, id));
    await reportsFrom(a, 1, 'failed', 'failed', 'failed', 'ok');
    await reportsFrom(b, 1, 'failed', 'failed', 'failed');
    await reportsFrom(a, 5, 'failed', 'failed', 'failed');
    await reportsFrom(c, 1, 'failed', 'failed', 'failed', 'ok');
    await reportsFrom(d, 1, 'failed', 'failed', 'failed');
    await service.database.query(
      `UPDATE devices SET site = CASE WHEN device_id IN ('a', 'c') THEN 'Kibera' ELSE 'Mathare' END`,
    );
  });

  it.each([
    ['nothing', '', [5, 4, 3, 2, 1]],
    ['open', '?status=open', [5, 3, 2]],
    ['resolved', '?status=resolved', [4, 1]],
    ['kind', '?kind=failing', [5, 4, 3, 2, 1]],
    ['device', '?device_id=a', [3, 1]],
    ['a device that never reported', '?device_id=zz', []],
    ['site', '?site=Kibera', [4, 3, 1]],
    ['site and status', '?site=Kibera&status=open', [3]],
    ['device and status', '?device_id=a&status=resolved', [1]],
  ])('shows the newest first, filtered by %s', async (_, query, ids) => {
    expect(idsOf(await alerts(query))).toEqual(ids);
  });

  it.each([1, 2, 3, 5])('shows every alert once in pages of %i', async (limit) => {
    const pages = await everyPage<Alert>(`${service.url}/api/alerts?limit=${limit}`);
    expect(idsOf(pages.flat())).toEqual([5, 4, 3, 2, 1]);
    expect(pages).toHaveLength(Math.ceil(5 / limit));
  });

  it('continues within its filter, while new ones open', async () => {
    const pages = await everyPage<Alert>(`${service.url}/api/alerts?limit=1&status=open`, () =>
      aDevice(service).reportsInTurn('failed', 'failed', 'failed'),
    );
    expect(idsOf(pages.flat())).toEqual([5, 3, 2]);
  });

  it.each([
    ['status', 'closed'],
    ['status', 'OPEN'],
    ['kind', 'sad'],
    ['device_id', '-'],
    ['site', ''],
    ['limit', '0'],
    ['limit', '1001'],
    ['from', 'yesterday'],
    ['to', '2026-02-30T00:00:00Z'],
    ['cursor', 'abc'],
    ['cursor', Buffer.from('["1"]').toString('base64url')],
    ['cursor', Buffer.from('[1e300]').toString('base64url')],
  ])('refuses %s=%s with a problem 400', async (parameter, value) => {
    expectRefused(await send(`${service.url}/api/alerts?${parameter}=${value}`), parameter);
  });

  it('has no page for an alert that never was', async () => {
    expectProblem(await send(`${service.url}/api/alerts/6`), 404, 'alert-not-found');
    expectProblem(await send(`${service.url}/api/alerts/9007199254740991`), 404, 'alert-not-found');
  });

  it.each(['x', '-1', '1.5', '0x1', '9007199254740993', '1%00'])(
    'refuses what is no number of an alert: %s',
    async (id) => {
      expectRefused(await send(`${service.url}/api/alerts/${id}`), 'id');
    },
  );
});

describe('With ALERT_FAILURE_STREAK=2 an alert', () => {
  let strict: TestService;

  beforeAll(async () => {
    strict = await startService({ ALERT_FAILURE_STREAK: '2' });
  });

  afterAll(() => strict.stop());

  it('opens at the second failure in a row', async () => {
    const device = aDevice(strict);
    const states: unknown[] = [];
    for (const outcome of ['failed', 'failed', 'failed', 'ok'] as const) {
      await device.reports(outcome);
      states.push(await statesOf(device, strict));
    }
    expect(states).toEqual([[], ['open'], ['open'], ['resolved']]);
  });
});

describe('The process', () => {
  let database: TestDatabase;
  let spawned: SpawnedService | undefined;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(async () => {
    await spawned?.kill();
    await database.drop();
  });

  /** @param last given, the running process is killed first, as by a power cut */
  async function starts(last?: SpawnedService): Promise<SpawnedService> {
    await last?.kill('SIGKILL');
    spawned = await spawnService(database.url);
    return spawned;
  }

  /** What was printed about the device. */
  async function printedAbout(device: Device, { url, lines }: SpawnedService): Promise<unknown[]> {
    // Lines and answers come by different ways; what was printed before this witness's alert is here with it.
    const witness = aDevice({ url });
    await witness.reportsInTurn('failed', 'failed', 'failed');
    while (!lines.some((line) => line.includes(witness.id))) await new Promise(setImmediate);
    return lines
      .filter((line) => line.includes(device.id))
      .map((line) => (JSON.parse(line) as { msg: unknown }).msg);
  }

  it('prints one line when an alert opens, none while the streak grows, one when it resolves', async () => {
    const running = await starts();
    const device = aDevice(running);
    const alertLine = `⚠️ Device ${device.id} has failed 3 times in a row!`;
    const resolvedLine = `✅ Device ${device.id} no longer fails: its alert is resolved.`;
    await device.reportsInTurn('failed', 'failed');
    expect(await printedAbout(device, running)).toEqual([]);
    await device.reports('failed');
    expect(await printedAbout(device, running)).toEqual([alertLine]);
    await device.reports('failed');
    expect(await printedAbout(device, running)).toEqual([alertLine]);
    await device.reportsInTurn('ok', 'ok');
    expect(await printedAbout(device, running)).toEqual([alertLine, resolvedLine]);
  });

  it('opens at its start the alert that a crash kept from opening', async () => {
    const crashed = await starts();
    const device = aDevice(crashed);
    await device.reportsInTurn('failed', 'failed', 'failed', 'failed');
    await database.query('DELETE FROM alerts');
    const running = await starts(crashed);
    expect(await alerts(`?device_id=${device.id}`, running)).toEqual([
      expect.objectContaining({ status: 'open', consecutive_failures: 4 }),
    ]);
    expect(await printedAbout(device, running)).toEqual([
      `⚠️ Device ${device.id} has failed 3 times in a row!`,
    ]);
  });

  it('resolves at its start the alert that a crash kept from resolving, and opens no second one', async () => {
    const crashed = await starts();
    const [recovered, failing] = [aDevice(crashed), aDevice(crashed)];
    await recovered.reportsInTurn('failed', 'failed', 'failed', 'ok', 'failed');
    await failing.reportsInTurn('failed', 'failed', 'failed');
    await database.query(`UPDATE alerts SET status = 'open', resolved_at = NULL, resolution = NULL`);
    await database.query(`DELETE FROM notifications WHERE transition = 'resolved'`);
    const running = await starts(crashed);
    expect(await statesOf(recovered, running)).toEqual(['resolved']);
    expect(await statesOf(failing, running)).toEqual(['open']);
    expect(await printedAbout(recovered, running)).toEqual([
      `✅ Device ${recovered.id} no longer fails: its alert is resolved.`,
    ]);
    expect(await printedAbout(failing, running)).toEqual([]);
  });

  it('settles what a crash left as soon as the device repeats its last report', async () => {
    const running = await starts();
    const device = aDevice(running);
    await device.reportsInTurn('failed', 'failed', 'failed');
    await device.reports('ok', { eventId: 'last' });
    await database.query(`UPDATE alerts SET status = 'open', resolved_at = NULL, resolution = NULL`);
    expect((await device.reports('ok', { eventId: 'last' })).status).toBe(200);
    expect(await statesOf(device, running)).toEqual(['resolved']);
  });
});
