import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { aDevice, Device, send } from './support/device.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { startService, TestService } from './support/service.js';
import { inPieces, postUpload, UPLOAD_FORMS, uploads, uploadText } from './support/upload.js';

const MIB = 1_048_576;
const NDJSON = { 'content-type': 'application/x-ndjson' };
const GZIP = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '1000000' });
});

beforeEach(() => {
  device = aDevice(service);
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

/** Events of one device, a minute apart, each with an event id. */
function events(count: number, outcome: 'ok' | 'failed' = 'ok'): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, number) =>
    device.event(outcome, {
      at: new Date(Date.UTC(2026, 2, 1, 8, number)),
      eventId: `boot-1:${number}`,
    }),
  );
}

async function storedCount(): Promise<number> {
  const [{ count }] = await service.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM sync_events',
  );
  return count;
}

async function streak(): Promise<unknown> {
  return (await send(`${service.url}/api/devices/${device.id}`)).body.consecutive_failures;
}

describe('An upload', () => {
  describe.each(UPLOAD_FORMS)('as %s', (form) => {
    it.each([false, true])('is recorded, each event with its id (gzip: %s)', async (gzip) => {
      const { status, body } = await uploads(service, events(3), { form, gzip });
      expect({ status, ...body }).toMatchObject({
        status: 200,
        recorded: 3,
        duplicates: 0,
        conflicts: 0,
        rejected: 0,
      });
      const ids = (await device.history()).body.map(({ id }) => id).reverse();
      expect(body.results).toEqual(ids.map((id, index) => ({ index, outcome: 'recorded', id })));
    });

    it('arrives without a length and in any pieces', async () => {
      const text = uploadText(events(3), form);
      const answer = await postUpload(
        service,
        inPieces(text.slice(0, 5), text.slice(5, 200), text.slice(200)),
        {
          'content-type': form === 'ndjson' ? 'application/x-ndjson' : 'application/json',
        },
      );
      expect(answer.body.recorded).toBe(3);
    });

    it('holds good events whatever the others are, and says of each what became of it', async () => {
      const [first, second, third] = events(3);
      await device.posts(second);
      const { status, body } = await uploads(
        service,
        [
          first,
          { ...second },
          { ...third, event_id: first.event_id },
          { ...third, total_errors: -1, timestamp: 'yesterday' },
          7,
          third,
        ],
        { form },
      );
      expect(status).toBe(200);
      expect(body).toMatchObject({ recorded: 2, duplicates: 1, conflicts: 1, rejected: 2 });
      expect(body.results.map(({ outcome }) => outcome)).toEqual([
        'recorded',
        'duplicate',
        'conflict',
        'rejected',
        'rejected',
        'recorded',
      ]);
      expect(body.results[3].errors?.map(({ field }) => field)).toEqual(['timestamp', 'total_errors']);
      expect(body.results[3].id).toBeUndefined();
      expect(body.results[4].errors).toEqual([{ field: '', message: 'must be a JSON object' }]);
      expect(await storedCount()).toBe(3);
    });

    it('of no event is answered, too', async () => {
      const { status, body } = await uploads(service, form === 'ndjson' ? ['', ' \r'] : [], { form });
      expect({ status, ...body }).toEqual({
        status: 200,
        recorded: 0,
        duplicates: 0,
        conflicts: 0,
        rejected: 0,
        results: [],
      });
    });
  });

  it('sent again records nothing', async () => {
    await uploads(service, events(20));
    const { body } = await uploads(service, events(20));
    expect(body).toMatchObject({ recorded: 0, duplicates: 20 });
    expect(await storedCount()).toBe(20);
  });

  it('may hold the same event twice', async () => {
    const [event] = events(1);
    const { body } = await uploads(service, [event, event, { ...event, total_files_synced: 99 }]);
    expect(body.results.map(({ outcome, id }) => [outcome, id])).toEqual([
      ['recorded', body.results[0].id],
      ['duplicate', body.results[0].id],
      ['conflict', body.results[0].id],
    ]);
  });

  it('is taken in camelCase, from many devices, with keys nobody knows, at every path', async () => {
    const event = { deviceId: 'PIBOX-1', totalFilesSynced: 1, totalErrors: 0, battery: 80 };
    for (const path of ['/api/sync-events', '/sync-events', '/api/sync-events/', '/api/Sync-Events?x=1']) {
      const { status, body } = await send(`${service.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ version: 2, events: [event, { ...event, deviceId: 'PIBOX-2' }] }),
      });
      expect({ path, status, recorded: body.recorded }).toEqual({ path, status: 200, recorded: 2 });
    }
  });

  it('settles alerts once, at its end', async () => {
    await uploads(service, [...events(40, 'failed'), device.event('ok', { at: '2026-03-02T00:00:00Z' })]);
    expect((await send<unknown[]>(`${service.url}/api/alerts`)).body).toEqual([]);
    await uploads(
      service,
      [1, 2, 3].map((hour) => device.event('failed', { at: `2026-03-03T0${hour}:00:00Z` })),
    );
    expect((await send<unknown[]>(`${service.url}/api/alerts`)).body).toHaveLength(1);
  });

  it('keeps its order where the events have no time', async () => {
    const untimed = (outcome: 'ok' | 'failed'): object => device.event(outcome);
    await uploads(
      service,
      ['failed', 'ok', 'failed', 'failed', 'failed'].map((outcome) => untimed(outcome as 'ok')),
    );
    expect(await streak()).toBe(3);
    const { body } = await device.history();
    expect(body.map(({ failed }) => failed)).toEqual([true, true, true, false, true]);
    expect(body.every(({ received_at, effective_at }) => received_at === effective_at)).toBe(true);
  });
});

describe('A line of NDJSON', () => {
  it('that is no JSON is rejected alone', async () => {
    const [first, second] = events(2);
    const body = Buffer.concat([
      Buffer.from(`${JSON.stringify(first)}\r\n\n{"device_id":\n`),
      Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]),
      Buffer.from(`${'['.repeat(2_000)}${']'.repeat(2_000)}\n`),
      Buffer.from(JSON.stringify(second)),
    ]);
    const answer = await postUpload(service, body, NDJSON);
    expect(answer.status).toBe(200);
    expect(answer.body.results).toMatchObject([
      { index: 0, outcome: 'recorded' },
      { index: 1, outcome: 'rejected', errors: [{ field: '', message: 'The line is not valid JSON.' }] },
      { index: 2, outcome: 'rejected', errors: [{ field: '', message: 'The line is not valid UTF-8.' }] },
      {
        index: 3,
        outcome: 'rejected',
        errors: [{ message: expect.stringContaining('nests deeper') as string }],
      },
      { index: 4, outcome: 'recorded' },
    ]);
  });
});

describe('Prefer: return=minimal', () => {
  it.each([
    'return=minimal',
    'respond-async, Return="minimal"; x=1',
    'return=minimal, return=representation',
  ])('as %s leaves out what is stored', async (prefer) => {
    const [first, second, third] = events(3);
    await device.posts(first);
    const { body, headers } = await uploads(
      service,
      [first, { ...first, total_files_synced: 99 }, second, 'nothing', third],
      { headers: { prefer } },
    );
    expect(headers.get('preference-applied')).toBe('return=minimal');
    expect(body).toMatchObject({ recorded: 2, duplicates: 1, conflicts: 1, rejected: 1 });
    expect(body.results.map(({ index, outcome }) => [index, outcome])).toEqual([
      [1, 'conflict'],
      [3, 'rejected'],
    ]);
  });

  it.each(['return=representation', 'return=minimalist', 'x=return=minimal'])('is not %s', async (prefer) => {
    const { body, headers } = await uploads(service, events(1), { headers: { prefer } });
    expect(headers.get('preference-applied')).toBeNull();
    expect(body.results).toHaveLength(1);
  });
});

describe('What is no upload', () => {
  it.each([
    ['nothing', ''],
    ['half an array', '[{"device_id":"a"'],
    ['bytes that are not UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ['nesting without end', '['.repeat(100_000)],
    ['a member that is cut off', '{"events":[}'],
  ])('%s is malformed', async (_name, body) => {
    expectProblem(await postUpload(service, body), 400, 'malformed-request');
  });

  it.each(['null', '7', '"text"', '{}', '{"device_id":"a"}', '{"events":{}}', '{"__proto__":{"events":[]}}'])(
    '%s lacks its events',
    async (body) => expectRefused(await postUpload(service, body), 'events'),
  );

  it('a sent_at that is no time is named', async () => {
    expectRefused(await uploads(service, events(1), { form: 'envelope', sentAt: 'now' }), 'sent_at');
    expect(await storedCount()).toBe(0);
  });

  it.each([
    [{ 'content-type': 'text/csv' }],
    [{ 'content-type': 'application/x-ndjson; charset=latin1' }],
    [{ 'content-type': 'application/json', 'content-encoding': 'br' }],
  ])('%j is a 415 that says what is', async (headers) => {
    expectProblem(await postUpload(service, '[]', headers), 415, 'unsupported-media-type');
  });

  it.each([
    ['cut off', gzipSync('[]'.padEnd(1_000)).subarray(0, -9)],
    ['plain', Buffer.from('[]')],
    ['empty', Buffer.alloc(0)],
    ['with a wrong checksum', corrupted(gzipSync('[]'))],
  ])('gzip that is %s is malformed', async (_name, body) => {
    expectProblem(await postUpload(service, body, GZIP), 400, 'malformed-request');
  });
});

describe('The limits of an upload', () => {
  it.each(UPLOAD_FORMS)('are 1,000 events as %s', async (form) => {
    const few = await uploads(service, events(1_000), { form });
    expect(few.body.recorded).toBe(1_000);
    const many = await uploads(service, [...events(1_000), device.event('ok')], { form });
    expectProblem(many as never, 413, 'too-many-events');
    expect((many.body as unknown as { detail: string }).detail).toContain('at most 1000');
    expect(await storedCount()).toBe(1_000);
  });

  it('are 1 MiB on the wire, with and without a length', async () => {
    const padded = JSON.stringify(events(1)).padEnd(MIB);
    expect((await postUpload(service, padded)).status).toBe(200);
    expectProblem(await postUpload(service, `${padded} `), 413, 'payload-too-large');
    expectProblem(
      await postUpload(service, inPieces(padded, ' '), { 'content-type': 'application/json' }),
      413,
      'payload-too-large',
    );
  });

  it('are 10 MiB inflated', async () => {
    const padded = JSON.stringify(events(1)).padEnd(10 * MIB);
    expect((await postUpload(service, gzipSync(padded), GZIP)).status).toBe(200);
    expectProblem(await postUpload(service, gzipSync(`${padded} `), GZIP), 413, 'payload-too-large');
  });

  it.each([
    ['array', '[', ']', 'application/json'],
    ['NDJSON line', '[', ']', 'application/x-ndjson'],
  ])('are 200,000 values, in an %s', async (_name, open, close, type) => {
    const body = gzipSync(`${open}${'{},'.repeat(3_000_000)}{}${close}`);
    const answer = await postUpload(service, body, { ...GZIP, 'content-type': type });
    expectProblem(answer, 413, 'payload-too-large');
  });

  it('let 50 gzip bombs at once cost no more than one', async () => {
    // 300 kB of gzip that would become 300 MB.
    const bomb = gzipSync(Buffer.alloc(300 * MIB));
    await postUpload(service, bomb, GZIP);
    const before = process.memoryUsage().rss;
    let highest = before;
    const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 5);
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => postUpload(service, bomb, GZIP)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]));
    }
    clearInterval(watch);
    // 50 bodies on the wire, held on both sides of the loopback, and ten MiB inflated once; not 50 times.
    expect((highest - before) / MIB).toBeLessThan(150);
  }, 60_000);
});

describe('A device that uploads', () => {
  it('is counted once an upload, by its own name', async () => {
    const limited = await startService({ DEVICE_REQUESTS_PER_MINUTE: '2', ADDRESS_REQUESTS_PER_MINUTE: '1' });
    try {
      const statuses: number[] = [];
      for (let upload = 0; upload < 3; upload += 1)
        statuses.push((await uploads(limited, events(500), { form: 'ndjson' })).status);
      expect(statuses).toEqual([200, 200, 429]);
      device = aDevice(limited);
      expect((await uploads(limited, events(1))).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });
});

describe('Many uploads at once', () => {
  it('let a single event pass', async () => {
    const slow = await startService({ RECORDER_WRITERS: '1' });
    try {
      const answered: string[] = [];
      const { database } = slow;
      const waiting = Array.from({ length: 8 }, () =>
        uploads(slow, events(1_000)).then(() => answered.push('upload')),
      );
      while ((await database.query('SELECT 1 FROM sync_events LIMIT 1')).length === 0);
      const single = aDevice(slow)
        .reports('ok')
        .then(() => answered.push('single'));
      await Promise.all([...waiting, single]);
      expect(answered.indexOf('single')).toBeLessThan(answered.length - 1);
    } finally {
      await slow.stop();
    }
  });
});

describe('An upload larger than a write', () => {
  it('is judged at its end all the same', async () => {
    const small = await startService({ RECORDER_BATCH_SIZE: '10' });
    try {
      const backlog = aDevice(small);
      const failures = Array.from({ length: 40 }, (_, hour) =>
        backlog.event('failed', { at: new Date(Date.UTC(2026, 2, 1, hour)) }),
      );
      await uploads(small, [...failures, backlog.event('ok', { at: '2026-03-09T00:00:00Z' })]);
      expect((await send<unknown[]>(`${small.url}/api/alerts`)).body).toEqual([]);
    } finally {
      await small.stop();
    }
  });
});

describe('A full queue', () => {
  it('turns uploads away before their bodies are read, and takes one that is larger than the queue', async () => {
    const small = await startService({ RECORDER_QUEUE_LIMIT: '10', RECORDER_WRITERS: '1' });
    try {
      await small.database.query('BEGIN');
      await small.database.query('LOCK TABLE devices IN EXCLUSIVE MODE');
      const taken = uploads(small, events(1_000));
      await delay(300);
      const turnedAway = await postUpload(small, inPieces('['), { 'content-type': 'application/json' });
      expectProblem(turnedAway, 503, 'overloaded');
      expect(Number(turnedAway.headers.get('retry-after'))).toBeGreaterThan(0);
      await small.database.query('COMMIT');
      expect((await taken).body.recorded).toBe(1_000);
    } finally {
      await small.stop();
    }
  });
});

function corrupted(gzip: Buffer): Buffer {
  const copy = Buffer.from(gzip);
  copy[copy.length - 6] ^= 0xff;
  return copy;
}
