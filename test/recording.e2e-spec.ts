import { connect } from 'node:net';
import { aDevice, Answer, Device, send } from './support/device.js';
import { expectProblem } from './support/problems.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';

/** One stored event, and all that a device's row says. */
interface Known {
  readonly device: Record<string, unknown>;
  readonly history: Record<string, unknown>[];
}

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

afterEach(async () => {
  letServerClockRun(service);
  await service.truncate();
});

async function knownOf(device: Device): Promise<Known> {
  return {
    device: (await send(`${service.url}/api/devices/${device.id}`)).body,
    history: (await device.history()).body,
  };
}

function statusesOf(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status).sort();
}

describe('A recorded event', () => {
  it('is answered 201 with what was reported and what became of it', async () => {
    stopServerClock(service, '2025-05-04T10:30:02.113Z');
    const answer = await aDevice(service, 'PIBOX-7').posts({
      device_id: 'PIBOX-7',
      timestamp: '2025-05-04T13:30:00.5+03:00',
      total_files_synced: 12,
      total_errors: 2,
      internet_speed: 1.5,
      event_id: 'boot-41:17',
      error_message: 'upload timed out',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: 1,
      device_id: 'PIBOX-7',
      event_id: 'boot-41:17',
      timestamp: '2025-05-04T10:30:00.500Z',
      received_at: '2025-05-04T10:30:02.113Z',
      effective_at: '2025-05-04T10:30:00.500Z',
      clock: 'ok',
      failed: true,
      total_files_synced: 12,
      total_errors: 2,
      internet_speed: 1.5,
      error_message: 'upload timed out',
      consecutive_failures: 1,
    });
  });

  it('carries null for what the device left out', async () => {
    const device = aDevice(service);
    const answer = await device.posts({ device_id: device.id, total_files_synced: 0, total_errors: 0 });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      event_id: null,
      timestamp: null,
      internet_speed: null,
      error_message: null,
      // No files and no errors is a success.
      failed: false,
      consecutive_failures: 0,
    });
  });

  it('is the same in both spellings', async () => {
    const device = aDevice(service);
    const values = { at: '2025-05-04T10:30:00Z', files: 3, speed: 0.25, errorMessage: 'no route' };
    const { body: snake } = await device.reports('failed', { ...values, eventId: 'snake' });
    const camel = await device.posts({
      deviceId: device.id,
      timestamp: '2025-05-04T10:30:00Z',
      totalFilesSynced: 3,
      totalErrors: 1,
      internetSpeed: 0.25,
      eventId: 'camel',
      errorMessage: 'no route',
      sentAt: new Date().toISOString(),
    });
    expect(camel.status).toBe(201);
    expect(camel.body).toEqual({
      ...snake,
      id: (snake.id as number) + 1,
      event_id: 'camel',
      received_at: camel.body.received_at,
      consecutive_failures: 2,
    });
  });

  it('is recorded although it carries keys that this service does not know', async () => {
    const device = aDevice(service);
    const answer = await device.posts({ ...device.event('ok'), firmware: { version: 9 } });
    expect(answer.status).toBe(201);
    expect(answer.body).not.toHaveProperty('firmware');
  });

  it.each(['/api/sync-event', '/sync-event', '/api/sync-event/', '/sync-event/'])(
    'is taken at %s',
    async (path) => {
      const device = aDevice(service);
      const answer = await send(service.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(device.event('ok')),
      });
      expect(answer.status).toBe(201);
      expect((await device.history()).body).toHaveLength(1);
    },
  );

  it('makes its device known, with its counters', async () => {
    stopServerClock(service, '2025-05-04T10:00:00Z');
    const device = aDevice(service);
    await device.reports('failed', { at: '2025-05-04T09:00:00Z', files: 2, errorMessage: 'no route' });
    stopServerClock(service, '2025-05-04T11:00:00Z');
    await device.reports('ok', { at: '2025-05-04T10:59:00Z', files: 5 });
    expect((await knownOf(device)).device).toMatchObject({
      first_seen_at: '2025-05-04T10:00:00.000Z',
      last_contact_at: '2025-05-04T11:00:00.000Z',
      last_failed_sync: '2025-05-04T09:00:00.000Z',
      last_successful_sync: '2025-05-04T10:59:00.000Z',
      last_error_message: 'no route',
      total_syncs: 2,
      total_failed_syncs: 1,
      total_files_synced: 7,
      consecutive_failures: 0,
    });
  });

  it('that is the first of its device, 50 times at the same moment, makes one device and 50 events', async () => {
    const device = aDevice(service);
    const answers = await Promise.all(Array.from({ length: 50 }, () => device.reports('failed')));
    expect(statusesOf(answers)).toEqual(Array(50).fill(201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(50);
    const { device: row } = await knownOf(device);
    expect(row).toMatchObject({ total_syncs: 50, total_failed_syncs: 50, consecutive_failures: 50 });
    expect(await service.database.query('SELECT count(*)::int AS devices FROM devices')).toEqual([
      { devices: 1 },
    ]);
  });

  it('without an event_id is a new event each time, however alike', async () => {
    const device = aDevice(service);
    const answers: Answer[] = [];
    for (let time = 0; time < 3; time += 1) {
      answers.push(await device.reports('failed', { at: '2025-05-04T10:30:00Z' }));
    }
    expect(statusesOf(answers)).toEqual([201, 201, 201]);
    expect(answers.map(({ body }) => body.consecutive_failures)).toEqual([1, 2, 3]);
    expect((await knownOf(device)).history).toHaveLength(3);
  });
});

describe("The device's clock", () => {
  const NOW = '2025-05-04T12:00:00.000Z';

  beforeEach(() => stopServerClock(service, NOW));

  it.each([
    ['missing', 'was not sent', undefined, undefined, NOW],
    ['ok', 'is plausible', '2025-05-04T11:59:00Z', undefined, '2025-05-04T11:59:00.000Z'],
    ['ok', 'is weeks old, of a backlog', '2025-04-01T00:00:00Z', undefined, '2025-04-01T00:00:00.000Z'],
    ['ok', 'is the first instant of 2020', '2020-01-01T00:00:00Z', undefined, '2020-01-01T00:00:00.000Z'],
    ['ok', 'leads by five minutes', '2025-05-04T12:05:00Z', undefined, '2025-05-04T12:05:00.000Z'],
    ['ahead', 'leads by more', '2025-05-04T12:05:00.001Z', undefined, NOW],
    ['ahead', 'is of the year 9999', '9999-12-31T23:59:59Z', undefined, NOW],
    ['behind', 'is before 2020', '2019-12-31T23:59:59.999Z', undefined, NOW],
    ['behind', 'is of 1970', '1970-01-01T00:00:07Z', undefined, NOW],
    ['behind', 'is of the year 1', '0001-01-01T00:00:00Z', undefined, NOW],
    [
      'ok',
      'is two minutes off by sent_at',
      '2025-05-04T11:00:00Z',
      '2025-05-04T11:58:00Z',
      '2025-05-04T11:00:00.000Z',
    ],
    [
      'corrected',
      'is slower by more',
      '2025-05-04T11:00:00Z',
      '2025-05-04T11:57:59.999Z',
      '2025-05-04T11:02:00.001Z',
    ],
    [
      'corrected',
      'is an hour fast',
      '2025-05-04T12:50:00Z',
      '2025-05-04T13:00:00Z',
      '2025-05-04T11:50:00.000Z',
    ],
    [
      'corrected',
      'started in 1970',
      '1970-01-01T00:10:00Z',
      '1970-01-01T00:15:00Z',
      '2025-05-04T11:55:00.000Z',
    ],
    ['ahead', 'leads even by its own sent_at', '2025-05-04T14:00:00Z', '2025-05-04T13:00:00Z', NOW],
  ])('is %s when it %s', async (clock, _, at, sentAt, effectiveAt) => {
    const device = aDevice(service);
    const answer = await device.reports('ok', { at, sentAt });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      clock,
      timestamp: at === undefined ? null : new Date(at).toISOString(),
      received_at: NOW,
      effective_at: effectiveAt,
    });
    // What was answered is what is stored.
    const { consecutive_failures: _streak, ...event } = answer.body;
    expect((await device.history()).body).toEqual([event]);
  });

  it('that runs ahead does not hold the newest place against later events', async () => {
    const device = aDevice(service);
    await device.reports('failed', { at: '2099-01-01T00:00:00Z' });
    stopServerClock(service, '2025-05-04T12:01:00Z');
    const answer = await device.reports('ok', { at: '2025-05-04T12:01:00Z' });
    expect(answer.body).toMatchObject({ consecutive_failures: 0 });
  });
});

describe('A repeated event_id', () => {
  const report = {
    eventId: 'boot-41:17',
    at: '2025-05-04T10:30:00Z',
    files: 3,
    speed: 1.5,
    errorMessage: 'no route',
  };

  it('with the same content is answered 200 with the stored event, and changes nothing', async () => {
    const device = aDevice(service);
    const first = await device.reports('failed', report);
    const known = await knownOf(device);
    const second = await device.reports('failed', { ...report, at: '2025-05-04T13:30:00+03:00' });
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await knownOf(device)).toEqual(known);
  });

  it('keeps its first verdict and times when it is sent again later', async () => {
    const device = aDevice(service);
    stopServerClock(service, '2025-05-04T12:00:00Z');
    const first = await device.reports('failed', { ...report, sentAt: '2025-05-04T12:00:00Z' });
    stopServerClock(service, '2025-05-06T12:00:00Z');
    const again = await device.reports('failed', { ...report, sentAt: '2025-05-04T12:10:00Z' });
    expect(first.body).toMatchObject({ clock: 'ok', effective_at: '2025-05-04T10:30:00.000Z' });
    expect([again.status, again.body]).toEqual([200, first.body]);
  });

  it('is stored once when it arrives 20 times at the same moment', async () => {
    const device = aDevice(service);
    const answers = await Promise.all(Array.from({ length: 20 }, () => device.reports('failed', report)));
    expect(statusesOf(answers)).toEqual([...Array<number>(19).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const { device: row, history } = await knownOf(device);
    expect(row).toMatchObject({ total_syncs: 1, total_failed_syncs: 1, consecutive_failures: 1 });
    expect(history).toHaveLength(1);
  });

  it.each([
    ['another time', { at: '2025-05-04T10:30:00.001Z' }],
    ['no time', { at: undefined }],
    ['another number of files', { files: 4 }],
    ['another speed', { speed: 1.25 }],
    ['no speed', { speed: null }],
    ['another error message', { errorMessage: 'no route to host' }],
    ['no error message', { errorMessage: undefined }],
  ])('with %s is answered 409, and changes nothing', async (_, other) => {
    const device = aDevice(service);
    await device.reports('failed', report);
    const known = await knownOf(device);
    expectProblem(await device.reports('failed', { ...report, ...other }), 409, 'event-conflict');
    expect(await knownOf(device)).toEqual(known);
  });

  it('with another outcome is answered 409, and ends no streak', async () => {
    const device = aDevice(service);
    await device.reports('failed', report);
    expectProblem(await device.reports('ok', report), 409, 'event-conflict');
    expect((await knownOf(device)).device).toMatchObject({ consecutive_failures: 1, total_syncs: 1 });
  });

  it('names an event of its own device only', async () => {
    const [first, second] = [aDevice(service), aDevice(service)];
    await first.reports('failed', report);
    const answer = await second.reports('ok', report);
    expect(answer.status).toBe(201);
    expect((await knownOf(second)).history).toHaveLength(1);
  });

  it('is compared letter by letter', async () => {
    const device = aDevice(service);
    const answers = [
      await device.reports('ok', { eventId: 'a' }),
      await device.reports('ok', { eventId: 'A' }),
      await device.reports('ok', { eventId: 'a ' }),
    ];
    expect(statusesOf(answers)).toEqual([201, 201, 201]);
  });
});

describe('An event that arrives late', () => {
  const at = (minute: number): string => `2025-05-04T10:${String(minute).padStart(2, '0')}:00Z`;

  it('counts in the place where it happened', async () => {
    const device = aDevice(service);
    await device.reports('failed', { at: at(10) });
    await device.reports('failed', { at: at(30) });
    const success = await device.reports('ok', { at: at(20), files: 4 });
    expect(success.body).toMatchObject({ consecutive_failures: 1 });
    const before = await device.reports('failed', { at: at(19) });
    expect(before.body).toMatchObject({ consecutive_failures: 1 });
    const between = await device.reports('failed', { at: at(25) });
    expect(between.body).toMatchObject({ consecutive_failures: 2 });
    const { device: row, history } = await knownOf(device);
    expect(row).toMatchObject({
      total_syncs: 5,
      total_failed_syncs: 4,
      total_files_synced: 4,
      consecutive_failures: 2,
      last_failed_sync: '2025-05-04T10:30:00.000Z',
      last_successful_sync: '2025-05-04T10:20:00.000Z',
    });
    expect(row.latest_sync).toEqual(history[0]);
    expect(history.map((event) => event.effective_at)).toEqual(
      [30, 25, 20, 19, 10].map((minute) => new Date(at(minute)).toISOString()),
    );
  });

  it('leaves the last error message to the newest failure', async () => {
    const device = aDevice(service);
    await device.reports('failed', { at: at(30), errorMessage: 'the newest' });
    await device.reports('failed', { at: at(10), errorMessage: 'an older one' });
    expect((await knownOf(device)).device).toMatchObject({ last_error_message: 'the newest' });
    await device.reports('failed', { at: at(40) });
    expect((await knownOf(device)).device).toMatchObject({ last_error_message: null });
  });

  it('and is a success at the instant of a failure counts as the later one', async () => {
    const device = aDevice(service);
    await device.reports('ok', { at: at(10) });
    const answer = await device.reports('failed', { at: at(10) });
    expect(answer.body).toMatchObject({ consecutive_failures: 0, failed: true });
  });
});

describe('An event that the database refuses', () => {
  beforeAll(async () => {
    await service.database.query(`
      CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'secret detail of the table';
      END $$;
      CREATE TRIGGER refuse_poison BEFORE INSERT ON sync_events
      FOR EACH ROW WHEN (NEW.device_id = 'poison') EXECUTE FUNCTION refuse_poison();`);
  });

  afterAll(() => service.database.query('DROP FUNCTION refuse_poison CASCADE'));

  it('is answered 500 without detail, and its neighbours are stored', async () => {
    const poison = aDevice(service, 'poison');
    const neighbours = Array.from({ length: 60 }, () => aDevice(service));
    const answers = Promise.all(neighbours.slice(0, 30).map((device) => device.reports('failed')));
    const refused = poison.reports('failed');
    const more = Promise.all(neighbours.slice(30).map((device) => device.reports('failed')));
    expect(statusesOf([...(await answers), ...(await more)])).toEqual(Array(60).fill(201));
    expectProblem(await refused, 500, 'internal-error');
    expect(JSON.stringify((await refused).body)).not.toMatch(/secret|poison|INSERT/);
    expect((await poison.history()).status).toBe(404);
    expect(
      await service.database.query(
        `SELECT count(*)::int AS devices, sum(total_syncs)::int AS syncs, max(consecutive_failures) AS streak,
           (SELECT count(*)::int FROM sync_events) AS events
         FROM devices`,
      ),
    ).toEqual([{ devices: 60, syncs: 60, streak: 1, events: 60 }]);
  });
});

describe('A write that waits for a lock', () => {
  it('is overtaken by what comes after it', async () => {
    const { database } = service;
    const [held, other] = [aDevice(service), aDevice(service)];
    await held.reports('failed');
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM devices WHERE device_id = $1 FOR UPDATE', [held.id]);
    const waiting = held.reports('failed');
    try {
      while (!(await someoneWaitsForALock(service)));
      expect((await other.reports('ok')).status).toBe(201);
      expect(await someoneWaitsForALock(service)).toBe(true);
    } finally {
      await database.query('ROLLBACK');
    }
    expect(await waiting).toMatchObject({ status: 201, body: { consecutive_failures: 2 } });
  });
});

describe('A full queue', () => {
  let small: TestService;

  beforeAll(async () => {
    small = await startService({ RECORDER_QUEUE_LIMIT: '1' });
  });

  afterAll(() => small.stop());

  it('turns further events away with 503 and Retry-After, before their bodies are read', async () => {
    const [held, other] = [aDevice(small), aDevice(small)];
    await held.reports('failed');
    const { database } = small;
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM devices WHERE device_id = $1 FOR UPDATE', [held.id]);
    const waiting = held.reports('failed');
    try {
      while (!(await someoneWaitsForALock(small)));

      const turnedAway = await other.reports('ok');
      expectProblem(turnedAway, 503, 'overloaded');
      expect(Number(turnedAway.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(turnedAway.headers.get('retry-after'))).toBeLessThanOrEqual(30);
      // The body that it announces never comes.
      expect(
        await firstLineAfter(small, 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n'),
      ).toMatch(/^HTTP\/1\.1 503 /);
      // Operators are not in the queue.
      expect((await held.history()).status).toBe(200);
    } finally {
      await database.query('ROLLBACK');
    }
    expect(await waiting).toMatchObject({ status: 201, body: { consecutive_failures: 2 } });
    expect((await other.history()).status).toBe(404);
    expect((await other.reports('ok')).status).toBe(201);
  });
});

async function someoneWaitsForALock({ database }: TestService): Promise<boolean> {
  const waiting = await database.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return waiting.length > 0;
}

/** The first line of the answer to a report of which only this much is sent. */
function firstLineAfter({ url }: TestService, headers: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', reject);
    socket.setTimeout(5_000, () => socket.destroy(new Error('No answer within 5 seconds.')));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1').split('\r\n')[0]);
    });
    socket.write(`POST /api/sync-event HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${headers}`);
  });
}
