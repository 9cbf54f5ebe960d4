import { ValidationFailed } from '../domain/domain-error.js';
import { parseSyncEventReport } from './sync-event-report.js';

const BODY = { device_id: 'PIBOX-7', total_files_synced: 3, total_errors: 0 };

const problemsOf = (body: unknown): string[] => {
  try {
    parseSyncEventReport(body);
    return [];
  } catch (error) {
    if (error instanceof ValidationFailed) return error.errors.map(({ field }) => field);
    throw error;
  }
};

describe('A reported sync event', () => {
  it('is read with everything a device can say', () => {
    const report = parseSyncEventReport({
      ...BODY,
      timestamp: '2026-05-04T10:30:00+03:00',
      sent_at: '2026-05-04T10:31:00+03:00',
      internet_speed: 1.5,
      event_id: 'boot-41:17',
      error_message: 'disk full 💾',
    });
    expect(report).toEqual({
      deviceId: 'PIBOX-7',
      eventId: 'boot-41:17',
      reportedAt: new Date('2026-05-04T07:30:00Z'),
      sentAt: new Date('2026-05-04T07:31:00Z'),
      totalFilesSynced: 3,
      totalErrors: 0,
      internetSpeed: 1.5,
      errorMessage: 'disk full 💾',
    });
  });

  it('is read in camelCase to the same effect', () => {
    const camel = {
      deviceId: 'PIBOX-7',
      totalFilesSynced: 3,
      totalErrors: 1,
      internetSpeed: 2,
      eventId: 'e',
      errorMessage: 'm',
      sentAt: '2026-05-04T10:31:00Z',
    };
    const snake = {
      device_id: 'PIBOX-7',
      total_files_synced: 3,
      total_errors: 1,
      internet_speed: 2,
      event_id: 'e',
      error_message: 'm',
      sent_at: '2026-05-04T10:31:00Z',
    };
    expect(parseSyncEventReport(camel)).toEqual(parseSyncEventReport(snake));
  });

  it('may leave out what a device may not know', () => {
    expect(
      parseSyncEventReport({ ...BODY, timestamp: null, internet_speed: null, event_id: null }),
    ).toMatchObject({
      reportedAt: null,
      internetSpeed: null,
      eventId: null,
      errorMessage: null,
    });
  });

  it('may carry keys that this version does not know', () => {
    expect(problemsOf({ ...BODY, battery: 80 })).toEqual([]);
  });

  it.each([[null], [undefined], ['text'], [1], [[BODY]]])('is not %j', (body) => {
    expect(problemsOf(body)).toEqual(['']);
  });

  it('is told everything that is wrong at once, in wire names', () => {
    expect(problemsOf({ totalErrors: -1, internetSpeed: 'fast', timestamp: 'yesterday' })).toEqual([
      'device_id',
      'timestamp',
      'total_files_synced',
      'total_errors',
      'internet_speed',
    ]);
  });

  it.each(
    [
      ['', '-x', 'a b', 'ä', 'a/b', 'a\u0000', 'a\n', 'x'.repeat(256), 7, ['PIBOX-7'], { toString: 'x' }],
    ].flat(),
  )('has no device id %j', (device_id) => {
    expect(problemsOf({ ...BODY, device_id })).toEqual(['device_id']);
  });

  it.each(['a', '0', 'a.b_c:d@e-f', 'x'.repeat(255)])('may come from device %s', (device_id) => {
    expect(problemsOf({ ...BODY, device_id })).toEqual([]);
  });

  it.each([-1, 1.5, 2_147_483_648, 1e400, Number.NaN, '5', true, [1], null])(
    'has no total_errors %p',
    (total_errors) => {
      expect(problemsOf({ ...BODY, total_errors })).toEqual(['total_errors']);
    },
  );

  it.each([-0.1, 100_000.1, 1e400, Number.NaN, '5', false, {}])(
    'has no internet_speed %p',
    (internet_speed) => {
      expect(problemsOf({ ...BODY, internet_speed })).toEqual(['internet_speed']);
    },
  );

  it('knows no negative zero', () => {
    const report = parseSyncEventReport({ ...BODY, total_errors: -0, internet_speed: -0 });
    expect(Object.is(report.totalErrors, 0)).toBe(true);
    expect(Object.is(report.internetSpeed, 0)).toBe(true);
  });

  it.each(['', 'x'.repeat(129), 'a\u0000', '\ud800', 'a\u0085', 7])('has no event_id %j', (event_id) => {
    expect(problemsOf({ ...BODY, event_id })).toEqual(['event_id']);
  });

  it('counts an emoji of its error_message as one character', () => {
    expect(problemsOf({ ...BODY, error_message: '💾'.repeat(1_000) })).toEqual([]);
    expect(problemsOf({ ...BODY, error_message: '💾'.repeat(1_001) })).toEqual(['error_message']);
    expect(problemsOf({ ...BODY, error_message: 'x'.repeat(1_001) })).toEqual(['error_message']);
  });

  it('takes nothing from the prototype of its body', () => {
    const body = JSON.parse(
      '{"__proto__": {"device_id": "evil"}, "total_files_synced": 0, "total_errors": 0}',
    ) as object;
    expect(problemsOf(body)).toEqual(['device_id']);
    expect(
      problemsOf(Object.create({ device_id: 'evil', total_files_synced: 0, total_errors: 0 }) as object),
    ).toEqual(['device_id', 'total_files_synced', 'total_errors']);
  });
});
