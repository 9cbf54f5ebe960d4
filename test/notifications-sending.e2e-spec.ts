import { Sender } from '../src/notifications/sender.js';
import { aDevice } from './support/device.js';
import { eventually } from './support/eventually.js';
import { devices, Outbox, OutboxRow, SENDING, told } from './support/outbox.js';
import { answersWith, Behaviour, Receiver } from './support/receiver.js';
import { startService, TestService } from './support/service.js';

let service: TestService;
let outbox: Outbox;
const receivers: Receiver[] = [];

beforeAll(async () => {
  service = await startService({ ...SENDING, ALERT_DIGEST_OVER: '0' });
  outbox = new Outbox(service.database);
});

afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
  await service.truncate();
});

afterAll(() => service.stop());

async function aReceiver(behave?: Behaviour): Promise<{ receiver: Receiver; channelId: number }> {
  const receiver = await Receiver.start(behave);
  receivers.push(receiver);
  return { receiver, channelId: await outbox.addWebhook(receiver.url()) };
}

/** Answers with the first status, then the next one; the last one for ever. */
function inTurn(...statuses: number[]): Behaviour {
  return (request, response) =>
    answersWith(statuses.length > 1 ? (statuses.shift() as number) : statuses[0])(request, response);
}

function wake(): void {
  service.app.get(Sender).wake();
}

async function statusesOf(channelId: number): Promise<string[]> {
  return (await outbox.of(channelId)).map(({ transition, status }) => `${transition} ${status}`);
}

async function only(channelId: number): Promise<OutboxRow> {
  const rows = await outbox.of(channelId);
  expect(rows).toHaveLength(1);
  return rows[0];
}

/** Waits until the only notification of the channel was attempted that often, and none is under way. */
async function attempted(channelId: number, times: number): Promise<OutboxRow> {
  await eventually(`attempt ${times}`, async () => {
    const { attempts, status, last_failure } = await only(channelId);
    return attempts === times && (status !== 'pending' || last_failure !== null) && !(await isInFlight());
  });
  return only(channelId);
}

async function isInFlight(): Promise<boolean> {
  const rows = await service.database.query('SELECT 1 FROM notifications WHERE lease_token IS NOT NULL');
  return rows.length > 0;
}

describe('A webhook', () => {
  it('is told of an alert and of its end, while nobody waits for it', async () => {
    const { receiver, channelId } = await aReceiver();
    const device = aDevice(service);
    await device.reportsInTurn('failed', 'failed', 'failed');
    await eventually('the opening', () => receiver.received.length === 1);
    await device.reports('ok');
    await eventually('the end', () => receiver.received.length === 2);

    const [opening, end] = told(receiver.received);
    expect(opening).toMatchObject({
      type: 'alert.opened',
      data: {
        link: expect.stringMatching(/^https:\/\/pisync\.school\.example\/api\/alerts\/\d+$/),
        alert: {
          device_id: device.id,
          kind: 'failing',
          status: 'open',
          consecutive_failures: 3,
          resolved_at: null,
        },
      },
    });
    expect(end).toMatchObject({
      type: 'alert.resolved',
      data: { alert: { id: opening.data.alert?.id, status: 'resolved', resolution: 'recovered' } },
    });
    expect(end.id).not.toBe(opening.id);
    await eventually('both written down', async () =>
      (await statusesOf(channelId)).every((row) => row.endsWith(' delivered')),
    );
  });

  it('is told by the poll what no event announced', async () => {
    const { receiver } = await aReceiver();
    await outbox.opens(devices(1, 'quiet'));
    await eventually('the opening', () => receiver.received.length === 1, 3_000);
  });

  it('is sent two messages at a time, though many are due', async () => {
    let underWay = 0;
    let most = 0;
    const { receiver, channelId } = await aReceiver((_request, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        response.writeHead(204).end();
      }, 30);
    });
    await outbox.opens(devices(20, 'many'));
    wake();
    await eventually('all of them', () => receiver.received.length === 20);
    expect(most).toBe(2);
    await eventually('written down', async () =>
      (await statusesOf(channelId)).every((row) => row === 'opened delivered'),
    );
  });
});

describe('A receiver that fails', () => {
  it('gets the same message again, byte for byte, as the schedule says', async () => {
    const { receiver, channelId } = await aReceiver(inTurn(500, 503, 204));
    const [device] = devices(1, 'again');
    await outbox.opens([device], 'Kibera Primary');
    wake();
    const first = await attempted(channelId, 1);
    expect(first).toMatchObject({ status: 'pending', last_failure: 'http-500', last_status: 500 });
    expect(first.next_in).toBeGreaterThan(0);
    expect(first.next_in).toBeLessThanOrEqual(6);
    // What the alert and its device have become meanwhile is not for this message.
    await service.database.query(`UPDATE devices SET consecutive_failures = 9, site = 'Moved', name = 'x'`);
    await outbox.letTimePass(channelId);
    const second = await attempted(channelId, 2);
    expect(second.next_in).toBeGreaterThan(235);
    expect(second.next_in).toBeLessThanOrEqual(360);
    await outbox.letTimePass(channelId);
    expect(await attempted(channelId, 3)).toMatchObject({
      status: 'delivered',
      last_failure: null,
      last_status: 204,
    });
    const [one, two, three] = receiver.received;
    expect([two.body, three.body]).toEqual([one.body, one.body]);
    expect(new Set(told(receiver.received).map(({ id }) => id)).size).toBe(1);
  });

  it('is given up after ten attempts, with its last failure', async () => {
    const { receiver, channelId } = await aReceiver(answersWith(500));
    await outbox.opens(devices(1, 'dead'));
    for (let attempt = 1; attempt < 10; attempt += 1) {
      expect(await attempted(channelId, attempt)).toMatchObject({ status: 'pending' });
      await outbox.letTimePass(channelId);
      wake();
    }
    expect(await attempted(channelId, 10)).toMatchObject({ status: 'dead', last_failure: 'http-500' });
    await outbox.letTimePass(channelId);
    wake();
    expect(receiver.received).toHaveLength(10);
  });

  it('is left alone for as long as its Retry-After says', async () => {
    const { channelId } = await aReceiver(answersWith(429, { 'retry-after': '120' }));
    await outbox.opens(devices(1, 'later'));
    wake();
    const { next_in, last_status } = await attempted(channelId, 1);
    expect(last_status).toBe(429);
    expect(next_in).toBeGreaterThan(115);
    expect(next_in).toBeLessThanOrEqual(120);
  });

  it('with 410 is sent nothing more; what is owed waits until it is enabled again', async () => {
    const { receiver, channelId } = await aReceiver(inTurn(410, 204));
    await outbox.opens(devices(1, 'gone'));
    wake();
    await attempted(channelId, 1);
    expect(
      await service.database.query('SELECT enabled, disabled_reason FROM channels WHERE kind = $1', [
        'webhook',
      ]),
    ).toEqual([{ enabled: false, disabled_reason: expect.stringContaining('410') }]);
    await outbox.letTimePass(channelId);
    await outbox.opens(devices(1, 'unheard'));
    wake();
    const { receiver: other } = await aReceiver();
    await outbox.opens(devices(1, 'witness'));
    wake();
    await eventually('another channel', () => other.received.length === 1);
    expect(receiver.received).toHaveLength(1);
    await service.database.query('UPDATE channels SET enabled = TRUE, disabled_reason = NULL WHERE id = $1', [
      channelId,
    ]);
    await eventually('what it was owed', () => receiver.received.length === 2);
    expect(receiver.received[1].body).toBe(receiver.received[0].body);
  });
});

describe('The end of an alert', () => {
  it('waits for its opening to be told, however often that is tried', async () => {
    const { receiver, channelId } = await aReceiver(inTurn(500, 204));
    const [device] = devices(1, 'order');
    await outbox.opens([device]);
    wake();
    await attempted(channelId, 1);
    await outbox.resolves([device]);
    for (let time = 0; time < 3; time += 1) {
      wake();
      await eventually('a look at it', async () => (await outbox.of(channelId))[1].next_in > 0);
      await service.database.query(
        `UPDATE notifications SET next_attempt_at = now() WHERE transition = 'resolved'`,
      );
    }
    expect(told(receiver.received).map(({ type }) => type)).toEqual(['alert.opened']);
    await outbox.letTimePass(channelId);
    wake();
    await eventually('the end', () => receiver.received.length === 3);
    expect(told(receiver.received).map(({ type }) => type)).toEqual([
      'alert.opened',
      'alert.opened',
      'alert.resolved',
    ]);
  });

  it('comes as soon as its opening is told', async () => {
    const answers: (() => void)[] = [];
    const { receiver, channelId } = await aReceiver((_request, response) => {
      answers.push(() => response.writeHead(204).end());
    });
    const [device] = devices(1, 'held');
    await outbox.opens([device]);
    wake();
    await eventually('the opening', () => answers.length === 1);
    await outbox.resolves([device]);
    wake();
    await eventually('put off', async () => (await outbox.of(channelId))[1].next_in > 20);
    answers[0]();
    await eventually('the end', () => receiver.received.length === 2, 5_000);
    answers[1]();
  });

  it('comes with its beginning, as one message, when nobody was told of that', async () => {
    const { receiver, channelId } = await aReceiver();
    const [device] = devices(1, 'passed');
    await service.database.query('BEGIN');
    await outbox.opens([device]);
    await outbox.reminds([device]);
    await outbox.resolves([device]);
    await service.database.query('COMMIT');
    wake();
    await eventually('a message', () => receiver.received.length > 0);
    await eventually('all settled', async () =>
      (await statusesOf(channelId)).every((row) => !row.includes('pending')),
    );
    expect(told(receiver.received)).toEqual([
      expect.objectContaining({
        type: 'alert.passed',
        data: expect.objectContaining({
          alert: expect.objectContaining({ device_id: device, status: 'resolved', resolution: 'recovered' }),
        }),
      }),
    ]);
    const [opening, ...others] = await outbox.of(channelId);
    expect(opening).toMatchObject({ transition: 'opened', status: 'delivered', passed: true });
    expect(others).toEqual([
      expect.objectContaining({ transition: 'reminder', status: 'merged' }),
      expect.objectContaining({ transition: 'resolved', status: 'merged', merged_into: opening.id }),
    ]);
  });

  it('silences the reminders of it that were not told yet, even those that were tried', async () => {
    const { receiver, channelId } = await aReceiver(inTurn(204, 500, 204));
    const [device] = devices(1, 'reminded');
    await outbox.opens([device]);
    await eventually('the opening', async () => (await statusesOf(channelId))[0] === 'opened delivered');
    await outbox.reminds([device]);
    await eventually(
      'the reminder tried',
      async () => (await outbox.of(channelId))[1]?.last_failure === 'http-500',
    );
    await outbox.resolves([device]);
    await outbox.letTimePass(channelId);
    await eventually('the end', async () => (await statusesOf(channelId))[2] === 'resolved delivered');
    expect(await statusesOf(channelId)).toEqual([
      'opened delivered',
      'reminder merged',
      'resolved delivered',
    ]);
    expect(told(receiver.received).map(({ type }) => type)).toEqual([
      'alert.opened',
      'alert.reminder',
      'alert.resolved',
    ]);
  });
});

describe('A paused device', () => {
  it('says nothing that was not said before, until it is no longer paused', async () => {
    const { receiver, channelId } = await aReceiver();
    const [device] = devices(1, 'paused');
    await service.database.query('BEGIN');
    await outbox.opens([device]);
    await service.database.query('UPDATE devices SET paused = TRUE');
    await service.database.query('COMMIT');
    wake();
    await eventually('put off', async () => (await only(channelId)).next_in > 30);
    expect(receiver.received).toEqual([]);
    await service.database.query('UPDATE devices SET paused = FALSE');
    await outbox.letTimePass(channelId);
    await eventually('told', () => receiver.received.length === 1);
  });
});
