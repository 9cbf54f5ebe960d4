import { setTimeout as delay } from 'node:timers/promises';
import { aChannel, asks, Wire } from './support/channels.js';
import { aDevice, send } from './support/device.js';
import { everyPage, firstPage } from './support/pages.js';
import { expectProblem, expectRefused } from './support/problems.js';
import { Receiver } from './support/receiver.js';
import { statementsSentBy } from './support/sent-statements.js';
import { startService, TestService } from './support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({
    WEBHOOK_ALLOW_CIDRS: '127.0.0.1',
    WEBHOOK_ALLOW_HTTP: 'true',
    SECRETS_KEY: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
  });
});

afterEach(() => service.truncate());

afterAll(() => service.stop());

type Status = 'pending' | 'delivered' | 'dead' | 'merged';

/** What becomes of a notification, written down without anybody sending it. */
async function aNotification(owed: {
  channel: Wire;
  status: Status;
  alertId?: number;
  deviceId?: string;
  mergedInto?: unknown;
}): Promise<Wire> {
  const { channel, status, alertId, deviceId = alertId && 'PIBOX-7', mergedInto = null } = owed;
  const [row] = await service.database.query<{ id: string; message_id: string }>(
    `INSERT INTO notifications (channel_id, alert_id, device_id, transition, status, facts, merged_into, attempts,
       finished_at, last_failure, last_status)
     VALUES ($1, $2, $3, CASE WHEN $2::bigint IS NULL THEN 'digest' ELSE 'opened' END::notification_transition,
       $4::notification_status, '{}', $5, 3, CASE WHEN $4::notification_status <> 'pending' THEN now() END,
       CASE WHEN $4::notification_status = 'dead' THEN 'http-500' END,
       CASE WHEN $4::notification_status = 'dead' THEN 500 END)
     RETURNING id, message_id`,
    [channel.id, alertId ?? null, deviceId ?? null, status, mergedInto],
  );
  return { id: Number(row.id), message_id: row.message_id };
}

/** Nothing is sent there, so that what a test writes down stays as it is. */
function aSilentChannel(name = 'Field team'): Promise<Wire> {
  return aChannel(service, { name, enabled: false });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(20)) if (await isSo()) return;
  throw new Error('It did not happen within ten seconds.');
}

async function idsOf(query: string): Promise<unknown[]> {
  const { status, body } = await send<Wire[]>(`${service.url}/api/notifications${query}`);
  expect(status).toBe(200);
  return body.map(({ id }) => id);
}

describe('The delivery log', () => {
  it('lists the newest first, page by page', async () => {
    const channel = await aSilentChannel();
    const ids: unknown[] = [];
    for (let alertId = 1; alertId <= 5; alertId += 1) {
      ids.unshift((await aNotification({ channel, status: 'dead', alertId })).id);
    }
    const pages = await everyPage<Wire>(`${service.url}/api/notifications?limit=2`);
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids);
  });

  it('can be asked for a status, a channel, an alert, a device, and what a digest tells', async () => {
    const [first, second] = [await aSilentChannel('A'), await aSilentChannel('B')];
    const digest = await aNotification({ channel: first, status: 'delivered' });
    const merged = await aNotification({
      channel: first,
      status: 'merged',
      alertId: 1,
      mergedInto: digest.id,
    });
    const dead = await aNotification({ channel: second, status: 'dead', alertId: 1 });
    const other = await aNotification({
      channel: second,
      status: 'pending',
      alertId: 2,
      deviceId: 'PIBOX-8',
    });
    expect(await idsOf('?status=delivered')).toEqual([digest.id]);
    expect(await idsOf('?status=merged')).toEqual([merged.id]);
    expect(await idsOf('?status=dead')).toEqual([dead.id]);
    expect(await idsOf('?status=pending')).toEqual([other.id]);
    expect(await idsOf(`?channel_id=${String(first.id)}`)).toEqual([merged.id, digest.id]);
    expect(await idsOf('?alert_id=1')).toEqual([dead.id, merged.id]);
    expect(await idsOf('?device_id=PIBOX-8')).toEqual([other.id]);
    expect(await idsOf(`?merged_into=${String(digest.id)}`)).toEqual([merged.id]);
    expect(await idsOf(`?channel_id=${String(second.id)}&status=dead&alert_id=1`)).toEqual([dead.id]);
    expect(await idsOf('?channel_id=99')).toEqual([]);
  });

  it('tells all about one notification, but what the message says', async () => {
    const channel = await aSilentChannel();
    const { id, message_id } = await aNotification({ channel, status: 'dead', alertId: 41 });
    const { body } = await send(`${service.url}/api/notifications/${String(id)}`);
    expect(body).toEqual({
      id,
      message_id,
      channel_id: channel.id,
      channel_name: 'Field team',
      channel_kind: 'webhook',
      alert_id: 41,
      device_id: 'PIBOX-7',
      transition: 'opened',
      status: 'dead',
      passed: false,
      merged_into: null,
      attempts: 3,
      created_at: expect.any(String) as string,
      next_attempt_at: null,
      finished_at: expect.any(String) as string,
      last_failure: 'http-500',
      last_status: 500,
    });
  });

  it('says when one that is pending is tried next, and what one was merged into', async () => {
    const channel = await aSilentChannel();
    const digest = await aNotification({ channel, status: 'pending' });
    await aNotification({ channel, status: 'merged', alertId: 1, mergedInto: digest.id });
    const { body } = await send<Wire[]>(`${service.url}/api/notifications`);
    expect(body).toEqual([
      expect.objectContaining({ merged_into: digest.id, next_attempt_at: null }),
      expect.objectContaining({ next_attempt_at: expect.any(String) as string, finished_at: null }),
    ]);
  });

  it('has what an alert owes to every channel that wants it', async () => {
    const wanting = await aChannel(service, { sites: [], alert_kinds: ['failing'] });
    await aChannel(service, { alert_kinds: ['silent'] });
    await aChannel(service, { sites: ['Elsewhere'] });
    await aChannel(service, { enabled: false });
    const device = aDevice(service);
    await device.reportsInTurn('failed', 'failed', 'failed', 'failed');
    const { body } = await send<Wire[]>(`${service.url}/api/notifications?device_id=${device.id}`);
    expect(body.map((of) => [of.channel_id, of.transition]).sort()).toEqual([
      [1, 'opened'],
      [wanting.id, 'opened'],
    ]);
  });

  it.each([
    ['status', 'sent'],
    ['channel_id', 'x'],
    ['channel_id', ''],
    ['channel_id', '-1'],
    ['channel_id', '99999999999999999999'],
    ['alert_id', '1.5'],
    ['device_id', 'a b'],
    ['merged_into', '1e3'],
    ['cursor', 'x'],
    ['cursor', Buffer.from('["1"]').toString('base64url')],
    ['limit', '0'],
    ['channel', '1'],
  ])('refuses %s=%s', async (parameter, value) => {
    expectRefused(await send(`${service.url}/api/notifications?${parameter}=${value}`), parameter);
  });

  it('answers 404 for what it does not have, and 400 for what is no number', async () => {
    expectProblem(await send(`${service.url}/api/notifications/99`), 404, 'notification-not-found');
    expectProblem(await asks(service, 'POST', '/notifications/99/replay'), 404, 'notification-not-found');
    expectRefused(await send(`${service.url}/api/notifications/x`), 'id');
    expectRefused(await asks(service, 'POST', '/notifications/0x1/replay'), 'id');
  });
});

describe('A replay', () => {
  let receiver: Receiver;
  let channel: Wire;

  // It hangs: whatever is sent to it stays pending for as long as a test looks.
  beforeEach(async () => {
    receiver = await Receiver.start(() => undefined);
    channel = await aChannel(service, { url: receiver.url() });
  });

  afterEach(() => receiver.stop());

  it.each<Status>(['dead', 'delivered'])(
    'makes a %s notification pending, with its id and content',
    async (status) => {
      const { id, message_id } = await aNotification({ channel, status, alertId: 1 });
      const [before] = await service.database.query(
        `SELECT facts, created_at FROM notifications WHERE id = $1`,
        [id],
      );
      const answer = await asks(service, 'POST', `/notifications/${String(id)}/replay`);
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({
        id,
        message_id,
        status: 'pending',
        next_attempt_at: expect.any(String) as string,
        finished_at: null,
      });
      expect(Number(answer.body.attempts)).toBeLessThan(2);
      const [after] = await service.database.query(
        `SELECT facts, created_at FROM notifications WHERE id = $1`,
        [id],
      );
      expect(after).toEqual(before);
    },
  );

  it('of one that is pending or merged is refused and changes nothing', async () => {
    for (const status of ['pending', 'merged'] as const) {
      // A channel that is enabled would be sent what is pending, and not what is merged.
      const silent = await aSilentChannel();
      const { id: digest } = await aNotification({ channel: silent, status: 'pending' });
      const { id } =
        status === 'merged'
          ? await aNotification({ channel, status, alertId: 1, mergedInto: digest })
          : await aNotification({ channel: silent, status, alertId: 1 });
      const path = `/notifications/${String(id)}`;
      const { body: before } = await send(`${service.url}/api${path}`);
      expectProblem(await asks(service, 'POST', `${path}/replay`), 409, 'notification-not-finished');
      expect((await send(`${service.url}/api${path}`)).body).toEqual(before);
    }
  });

  it('is done once, however often it is asked for at the same moment', async () => {
    for (let round = 1; round <= 10; round += 1) {
      const { id } = await aNotification({ channel, status: 'dead', alertId: round });
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => asks(service, 'POST', `/notifications/${String(id)}/replay`)),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([202, ...Array<number>(7).fill(409)]);
    }
  });

  it('to a channel that is disabled is refused: it would only wait', async () => {
    const { id } = await aNotification({ channel: await aSilentChannel(), status: 'dead', alertId: 1 });
    const path = `/notifications/${String(id)}/replay`;
    expectProblem(await asks(service, 'POST', path), 409, 'channel-disabled');
  });
});

describe('A replay to a receiver that is there', () => {
  it('sends the same message under the same id', async () => {
    const receiver = await Receiver.start();
    try {
      const { id: channelId } = await aChannel(service, { url: receiver.url() });
      await aDevice(service).reportsInTurn('failed', 'failed', 'failed');
      await until(() => receiver.received.length === 1);
      await until(
        async () => (await idsOf(`?channel_id=${String(channelId)}&status=delivered`)).length === 1,
      );
      const [id] = await idsOf(`?channel_id=${String(channelId)}`);
      expect((await asks(service, 'POST', `/notifications/${String(id)}/replay`)).status).toBe(202);
      await until(() => receiver.received.length === 2);
      const [first, again] = receiver.received;
      expect(again.headers['webhook-id']).toBe(first.headers['webhook-id']);
      expect(again.body).toBe(first.body);
    } finally {
      await receiver.stop();
    }
  }, 30_000);
});

describe('At 100,000 notifications', () => {
  /** Of a thousand one is dead, of ten thousand one pending; one channel has 200 of them, a device 100. */
  beforeEach(async () => {
    for (let made = 0; made < 2; made += 1) await aSilentChannel();
    await service.database.query(
      `INSERT INTO notifications (channel_id, alert_id, device_id, transition, status, facts, finished_at, merged_into)
       SELECT CASE WHEN number % 500 = 0 THEN 3 ELSE 2 END, number, 'PIBOX-' || number % 1000, 'opened', of.status,
         '{}', CASE WHEN of.status <> 'pending' THEN now() END, CASE WHEN of.status = 'merged' THEN 7 END
       FROM generate_series(1, 100000) AS number,
       LATERAL (SELECT CASE
         WHEN number % 10000 = 1 THEN 'pending' WHEN number % 1000 = 2 THEN 'dead' WHEN number % 500 = 3 THEN 'merged'
         ELSE 'delivered'
       END::notification_status AS status) AS of`,
    );
    await service.database.query('VACUUM ANALYZE notifications');
  }, 60_000);

  /** The indexes on notifications that the first two pages of a list come from. */
  async function indexesOf(query: string): Promise<string[]> {
    const url = `${service.url}/api/notifications?limit=1${query}`;
    const { next } = await firstPage(url);
    const statements = await statementsSentBy(async () => {
      await send(url);
      if (next !== undefined) await send(next);
    });
    const plans: string[] = [];
    for (const { text, values } of statements) {
      plans.push(JSON.stringify(await service.database.query(`EXPLAIN (FORMAT JSON) ${text}`, values)));
    }
    return plans.flatMap((plan) => [
      ...(/"Seq Scan"[^{}]*"Relation Name":"notifications"/.test(plan) ? ['all of it'] : []),
      ...[...plan.matchAll(/"Index Name":"(notifications_\w+)"/g)].map(([, index]) => index),
    ]);
  }

  it('every page of the log comes from an index', async () => {
    const expected = {
      '': ['notifications_pkey'],
      '&status=delivered': ['notifications_pkey'],
      '&status=dead': ['notifications_by_status'],
      '&status=pending': ['notifications_by_status'],
      '&channel_id=3': ['notifications_of_channel'],
      '&device_id=PIBOX-7': ['notifications_of_device'],
      '&alert_id=500': ['notifications_once'],
      '&merged_into=7': ['notifications_in_digest'],
    };
    const used: Record<string, string[]> = {};
    for (const query of Object.keys(expected)) used[query] = [...new Set(await indexesOf(query))];
    expect(used).toEqual(expected);
  }, 60_000);
});
