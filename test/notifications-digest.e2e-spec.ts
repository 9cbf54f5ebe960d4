import { Sender } from '../src/notifications/sender.js';
import { aDevice } from './support/device.js';
import { eventually } from './support/eventually.js';
import { devices, Outbox, SENDING, Told, told } from './support/outbox.js';
import { answersWith, Behaviour, Receiver } from './support/receiver.js';
import { Settings, startService, TestService } from './support/service.js';

let service: TestService;
let outbox: Outbox;
let receiver: Receiver;
let channelId: number;
let behave: Behaviour;

async function startWith(settings: Settings): Promise<void> {
  service = await startService({ ...SENDING, ...settings });
  outbox = new Outbox(service.database);
  receiver = await Receiver.start((request, response) => behave(request, response));
}

beforeEach(() => {
  behave = answersWith(204);
});

async function makeChannel(): Promise<void> {
  channelId = await outbox.addWebhook(receiver.url());
}

afterEach(async () => {
  await service.truncate();
  receiver.received.splice(0);
});

async function stop(): Promise<void> {
  await service.stop();
  await receiver.stop();
}

function wake(): void {
  service.app.get(Sender).wake();
}

function messages(): Told[] {
  return told(receiver.received);
}

/** Nothing is due to the channel any more, and nothing under way. */
async function settled(): Promise<void> {
  wake();
  await eventually('nothing due', async () =>
    (await outbox.of(channelId)).every(
      ({ status, next_in, leased }) => status !== 'pending' || (next_in > 0 && !leased),
    ),
  );
}

/** As if the last digest, and what was owed, had been a minute earlier. */
async function aMinutePasses(): Promise<void> {
  await service.database.query(`UPDATE channels SET last_digest_at = last_digest_at - INTERVAL '1 minute'`);
  await service.database.query(
    `UPDATE notifications SET
       created_at = created_at - INTERVAL '1 minute',
       next_attempt_at = next_attempt_at - INTERVAL '1 minute'`,
  );
}

describe('A storm', () => {
  beforeAll(() => startWith({}));
  beforeEach(makeChannel);
  afterAll(stop);

  it('is one message when a school loses power', async () => {
    await service.database.query('BEGIN');
    await outbox.opens(devices(40, 'kibera'), 'Kibera Primary');
    await outbox.opens(devices(10, 'nowhere'));
    await service.database.query('COMMIT');
    wake();
    await eventually('the digest', () => receiver.received.length > 0);
    await settled();
    expect(messages()).toHaveLength(1);
    const [{ type, data }] = messages();
    expect(type).toBe('alert.digest');
    expect(data.digest).toMatchObject({
      total: 50,
      groups: [
        { site: 'Kibera Primary', kind: 'failing', opened: 40, resolved: 0, reminders: 0 },
        { site: null, kind: 'failing', opened: 10, resolved: 0, reminders: 0 },
      ],
    });
    expect(data.digest?.worst).toHaveLength(20);
    expect(data.digest?.since).toBe(data.digest?.until);
    const rows = await outbox.of(channelId);
    const digest = rows.find(({ transition }) => transition === 'digest');
    expect(rows.filter(({ merged_into }) => merged_into === digest?.id)).toHaveLength(50);
  });

  it('names the worst first: who fails most, and who has recovered last', async () => {
    await service.database.query('BEGIN');
    const all = devices(30, 'rank');
    await outbox.opens(all);
    await service.database.query(`UPDATE alerts SET consecutive_failures = 70 WHERE device_id = $1`, [
      all[29],
    ]);
    await service.database.query(`UPDATE alerts SET consecutive_failures = 90 WHERE device_id = $1`, [
      all[28],
    ]);
    await outbox.resolves([all[28]]);
    await service.database.query('COMMIT');
    wake();
    await eventually('the digest', () => receiver.received.length > 0);
    const digest = messages()[0].data.digest;
    expect(digest?.total).toBe(31);
    expect(digest?.groups).toEqual([{ site: null, kind: 'failing', opened: 30, resolved: 1, reminders: 0 }]);
    const names = digest?.worst.map(({ device_id }) => device_id);
    expect(names?.[0]).toBe(all[29]);
    expect(names).not.toContain(all[28]);
  });

  it('of twenty is still twenty messages', async () => {
    await outbox.opens(devices(20, 'calm'));
    wake();
    await eventually('all of them', () => receiver.received.length === 20);
    expect(new Set(messages().map(({ type }) => type))).toEqual(new Set(['alert.opened']));
  });

  it('that goes on is one digest a minute, until it is over', async () => {
    await outbox.opens(devices(20, 'first'));
    await eventually('the first ones', () => receiver.received.length === 20);
    await outbox.opens(devices(3, 'more'));
    await eventually('a digest', () => receiver.received.length === 21);
    for (const prefix of ['a', 'b', 'c']) {
      await outbox.opens(devices(5, prefix));
      await settled();
    }
    expect(receiver.received).toHaveLength(21);
    await aMinutePasses();
    await outbox.opens(devices(10, 'd'));
    wake();
    await eventually('the next digest', () => receiver.received.length === 22);
    await aMinutePasses();
    await aMinutePasses();
    await outbox.opens(devices(1, 'last'));
    wake();
    await eventually('a message of its own', () => receiver.received.length === 23);
    await settled();
    const kinds = messages()
      .slice(20)
      .map(({ type, data }) => [type, data.digest?.total]);
    expect(kinds).toEqual([
      ['alert.digest', 3],
      ['alert.digest', 25],
      ['alert.opened', undefined],
    ]);
  });

  it('does not let an end overtake its opening that is still on its way', async () => {
    behave = answersWith(500);
    const [early] = devices(1, 'early');
    await outbox.opens([early]);
    await eventually('a first attempt', async () => (await outbox.of(channelId))[0].last_failure !== null);
    behave = answersWith(204);
    await service.database.query('BEGIN');
    await outbox.resolves([early]);
    await outbox.opens(devices(30, 'storm'));
    await service.database.query('COMMIT');
    await service.database.query(
      `UPDATE notifications SET next_attempt_at = now() + INTERVAL '1 hour' WHERE attempts > 0`,
    );
    wake();
    await eventually('the digest', () => receiver.received.length === 2);
    expect(messages()[1].data.digest?.total).toBe(30);
    await outbox.letTimePass(channelId);
    await aMinutePasses();
    wake();
    await eventually('opening and end', () => receiver.received.length === 4);
    expect(messages().slice(2)).toEqual([
      expect.objectContaining({ type: 'alert.opened' }),
      expect.objectContaining({ type: 'alert.resolved' }),
    ]);
  });

  it('tells the ends only after the digest that tells their openings', async () => {
    behave = answersWith(500);
    const all = devices(30, 'whole');
    await outbox.opens(all);
    await eventually('a first attempt', async () =>
      (await outbox.of(channelId)).some(({ last_failure }) => last_failure !== null),
    );
    await outbox.resolves(all);
    await service.database.query(
      `UPDATE notifications SET next_attempt_at = now() + INTERVAL '1 hour' WHERE transition = 'digest'`,
    );
    await aMinutePasses();
    wake();
    await settled();
    expect(receiver.received).toHaveLength(1);
    behave = answersWith(204);
    await outbox.letTimePass(channelId);
    await eventually('the openings', () => receiver.received.length === 2);
    await settled();
    await aMinutePasses();
    wake();
    await eventually('the ends', () => receiver.received.length === 3);
    expect(messages().map(({ data }) => data.digest?.groups[0])).toEqual([
      expect.objectContaining({ opened: 30, resolved: 0 }),
      expect.objectContaining({ opened: 30, resolved: 0 }),
      expect.objectContaining({ opened: 0, resolved: 30 }),
    ]);
    const [first, again] = messages();
    expect([again.id, again.data]).toEqual([first.id, first.data]);
  });

  it('leaves no line out of the log', async () => {
    const all = Array.from({ length: 30 }, () => aDevice(service));
    await Promise.all(all.map((device) => device.reportsInTurn('failed', 'failed', 'failed')));
    const [{ lines }] = await service.database.query(
      `SELECT count(*)::int AS lines FROM notifications JOIN channels ON channels.id = channel_id
       WHERE kind = 'log' AND status = 'delivered' AND transition = 'opened'`,
    );
    expect(lines).toBe(30);
  });
});

describe('With ALERT_DIGEST_OVER=0', () => {
  beforeAll(() => startWith({ ALERT_DIGEST_OVER: '0' }));
  beforeEach(makeChannel);
  afterAll(stop);

  it('a storm is a message an alert', async () => {
    await outbox.opens(devices(50, 'each'));
    wake();
    await eventually('all of them', () => receiver.received.length === 50);
    expect(new Set(messages().map(({ type }) => type))).toEqual(new Set(['alert.opened']));
  });
});
