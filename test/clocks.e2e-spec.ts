import { Clock } from '../src/domain/clock.js';
import { aDevice, Device } from './support/device.js';
import { letServerClockRun, stopServerClock } from './support/server-clock.js';
import { startService, TestService } from './support/service.js';
import { UPLOAD_FORMS, uploads } from './support/upload.js';

/** When every event here arrives, by the server's clock. */
const NOW = '2026-05-04T12:00:00.000Z';

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService({ DEVICE_REQUESTS_PER_MINUTE: '1000000' });
});

beforeEach(() => {
  device = aDevice(service);
  stopServerClock(service, NOW);
});

afterEach(() => letServerClockRun(service));

afterAll(() => service.stop());

describe('The clock of a device', () => {
  it.each([
    // reported, sent_at, clock, effective_at
    ['right', '2026-05-04T11:00:00Z', undefined, 'ok', '2026-05-04T11:00:00.000Z'],
    ['right, with a zone', '2026-05-04T14:00:00+03:00', undefined, 'ok', '2026-05-04T11:00:00.000Z'],
    ['in 1970', '1970-01-01T00:05:00Z', undefined, 'behind', NOW],
    ['in the year 1', '0001-01-01T00:00:00Z', undefined, 'behind', NOW],
    ['in 2036, where NTP starts anew', '2036-02-07T06:28:16Z', undefined, 'ahead', NOW],
    ['in 2099', '2099-12-31T23:59:59Z', undefined, 'ahead', NOW],
    ['missing', undefined, undefined, 'missing', NOW],
    ['missing, but sent_at', undefined, '1970-01-01T03:00:00Z', 'missing', NOW],
    ['two minutes ahead', '2026-05-04T12:02:00Z', undefined, 'ok', '2026-05-04T12:02:00.000Z'],
    [
      'two minutes behind, as sent_at shows',
      '2026-05-04T11:00:00Z',
      '2026-05-04T11:58:00Z',
      'ok',
      '2026-05-04T11:00:00.000Z',
    ],
    [
      'two minutes and a second behind, as sent_at shows',
      '2026-05-04T11:00:00Z',
      '2026-05-04T11:57:59Z',
      'corrected',
      '2026-05-04T11:02:01.000Z',
    ],
    [
      'two minutes and a second ahead, as sent_at shows',
      '2026-05-04T11:00:00Z',
      '2026-05-04T12:02:01Z',
      'corrected',
      '2026-05-04T10:57:59.000Z',
    ],
    [
      'in 1970, as sent_at shows',
      '1970-01-01T01:00:00Z',
      '1970-01-01T03:00:00Z',
      'corrected',
      '2026-05-04T10:00:00.000Z',
    ],
    [
      'in 2099, as sent_at shows',
      '2099-01-01T01:00:00Z',
      '2099-01-01T03:00:00Z',
      'corrected',
      '2026-05-04T10:00:00.000Z',
    ],
    [
      'in 1970 when it happened, right when sent',
      '1970-01-01T01:00:00Z',
      '2026-05-04T12:00:00Z',
      'behind',
      NOW,
    ],
    [
      'right when it happened, in 1970 when sent',
      '2026-05-04T11:00:00Z',
      '1970-01-01T01:00:00Z',
      'ahead',
      NOW,
    ],
    ['past five minutes ahead', '2026-05-04T12:05:00.001Z', undefined, 'ahead', NOW],
    ['at the first moment of 2020', '2020-01-01T00:00:00Z', undefined, 'ok', '2020-01-01T00:00:00.000Z'],
    ['just before 2020', '2019-12-31T23:59:59.999Z', undefined, 'behind', NOW],
  ])('%s', async (_name, at, sentAt, clock, effective_at) => {
    const single = await device.reports('failed', { at, sentAt });
    expect(single.body).toMatchObject({ clock, effective_at, received_at: NOW });
    for (const form of UPLOAD_FORMS) {
      const other = aDevice(service);
      await uploads(service, [other.event('failed', { at, sentAt })], { form });
      expect((await other.history()).body).toMatchObject([{ clock, effective_at, received_at: NOW }]);
    }
    const envelope = aDevice(service);
    await uploads(service, [envelope.event('failed', { at })], { form: 'envelope', sentAt });
    expect((await envelope.history()).body).toMatchObject([{ clock, effective_at }]);
  });

  it('is shown by the upload, whatever its events say of their own sending', async () => {
    const event = device.event('ok', { at: '1970-01-01T01:00:00Z', sentAt: '1970-01-01T01:00:01Z' });
    await uploads(service, [event], { form: 'envelope', sentAt: '1970-01-01T03:00:00Z' });
    expect((await device.history()).body).toMatchObject([
      { clock: 'corrected', effective_at: '2026-05-04T10:00:00.000Z' },
    ]);
  });

  it('is not taken for wrong because the upload took long', async () => {
    const sentAt = '2026-05-04T12:00:00Z';
    const text = JSON.stringify({
      sent_at: sentAt,
      events: [device.event('ok', { at: '2026-05-04T11:00:00Z' })],
    });
    const begun = new Promise<void>((resolve) => {
      service.app.get(Clock).now = () => {
        resolve();
        return new Date(sentAt);
      };
    });
    let sendRest = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(text.slice(0, 20)));
        sendRest = () => {
          controller.enqueue(Buffer.from(text.slice(20)));
          controller.close();
        };
      },
    });
    const answer = fetch(`${service.url}/api/sync-events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    await begun;
    stopServerClock(service, '2026-05-04T12:04:00Z');
    sendRest();
    expect((await answer).status).toBe(200);
    expect((await device.history()).body).toMatchObject([
      { clock: 'ok', effective_at: '2026-05-04T11:00:00.000Z', received_at: '2026-05-04T12:04:00.000Z' },
    ]);
  });
});

describe('Events at the same instant', () => {
  const at = '2026-05-04T11:00:00Z';

  it('are in the order of their arrival, a success after the failures', async () => {
    for (const [outcome, eventId] of [
      ['failed', 'a'],
      ['ok', 'b'],
      ['failed', 'c'],
      ['ok', 'd'],
    ] as const)
      await device.reports(outcome, { at, eventId });
    const { body } = await device.history();
    expect(body.map(({ event_id }) => event_id)).toEqual(['d', 'b', 'c', 'a']);
  });

  it('are in the same order when uploaded', async () => {
    const sent = (
      [
        ['failed', 'a'],
        ['ok', 'b'],
        ['failed', 'c'],
        ['ok', 'd'],
      ] as const
    ).map(([outcome, eventId]) => device.event(outcome, { at, eventId }));
    await uploads(service, sent);
    const { body } = await device.history();
    expect(body.map(({ event_id }) => event_id)).toEqual(['d', 'b', 'c', 'a']);
  });
});

describe('Events whose time is the time of arrival', () => {
  it.each([
    ['missing', undefined],
    ['behind', '1970-01-01T00:00:00Z'],
    ['ahead', '2099-01-01T00:00:00Z'],
  ])('(%s) keep the order in which they were uploaded, a millisecond apart', async (clock, at) => {
    const outcomes = ['failed', 'ok', 'failed', 'failed'] as const;
    await uploads(
      service,
      outcomes.map((outcome) => device.event(outcome, { at })),
    );
    const { body } = await device.history();
    expect(body.map(({ failed, clock: verdict, effective_at }) => [failed, verdict, effective_at])).toEqual([
      [true, clock, '2026-05-04T12:00:00.000Z'],
      [true, clock, '2026-05-04T11:59:59.999Z'],
      [false, clock, '2026-05-04T11:59:59.998Z'],
      [true, clock, '2026-05-04T11:59:59.997Z'],
    ]);
  });
});
