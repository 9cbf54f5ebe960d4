import { FailingAlerts } from '../src/alerts/failing-alerts.service.js';
import { OutboxRepository } from '../src/database/outbox.repository.js';
import type { ClaimedNotification } from '../src/database/outbox.row.js';
import { OutcomeRepository } from '../src/database/outcome.repository.js';
import { Sender } from '../src/notifications/sender.js';
import { sendingStep } from '../src/notifications/sending.rule.js';
import { aDevice, send } from './support/device.js';
import { firstPage } from './support/pages.js';
import { expectFromIndexes, plansOf } from './support/plans.js';
import { Statement, statementsSentBy } from './support/sent-statements.js';
import { startService, TestService } from './support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ ADDRESS_REQUESTS_PER_MINUTE: '1000000' });
  // Its statements would be among those of whoever is watched.
  await service.app.get(Sender).onModuleDestroy();
  await fill(service);
}, 120_000);

afterAll(() => service.stop());

/**
 * 2,000 devices with 90 events each, one an hour, and `old-hand` with 20,000. One device in a hundred fails
 * since five events; of the others' events one in thirty failed, of old-hand's one in a thousand.
 */
async function insertEvents({ database }: TestService): Promise<void> {
  await database.query(
    `INSERT INTO sync_events (device_id, effective_at, succeeded, event_id, reported_at, received_at, clock,
       total_files_synced, total_errors)
     SELECT device_id, at, NOT failed, 'e' || number, at, at, 'ok', 7, failed::int
     FROM (
       SELECT 'pibook-' || lpad(device::text, 5, '0') AS device_id, number,
         CASE WHEN device % 100 = 0 THEN number > 85 ELSE (number + device) % 30 = 0 END AS failed
       FROM generate_series(1, 2000) AS device, generate_series(1, 90) AS number
       UNION ALL
       SELECT 'old-hand', number, number % 1000 = 999 FROM generate_series(1, 20000) AS number
     ) AS report,
     LATERAL (SELECT TIMESTAMPTZ '2022-01-01 00:00:00Z' + number * INTERVAL '1 hour' AS at) AS time`,
  );
}

/**
 * Those events, and their devices' counters as the service would have them; 18,000 devices whose events are
 * deleted long since; alerts, open for the devices that fail, and ten resolved ones a device.
 */
async function fill(of: TestService): Promise<void> {
  const { database } = of;
  await insertEvents(of);
  await database.query(
    `INSERT INTO devices (device_id, first_seen_at, last_contact_at, last_success_at, last_failure_at,
       total_syncs, total_failed_syncs, total_files_synced, consecutive_failures)
     SELECT of_device.*, count(sync_events.device_id)
     FROM (
       SELECT device_id,
         min(received_at),
         max(received_at),
         max(effective_at) FILTER (WHERE succeeded) AS last_success_at,
         max(effective_at) FILTER (WHERE NOT succeeded),
         count(*),
         count(*) FILTER (WHERE NOT succeeded),
         sum(total_files_synced)
       FROM sync_events
       GROUP BY device_id
     ) AS of_device
     LEFT JOIN sync_events
       ON sync_events.device_id = of_device.device_id AND sync_events.effective_at > of_device.last_success_at
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
     UNION ALL
     SELECT 'quiet-' || lpad(device::text, 5, '0'), time, time, time, time, 50, device % 7, 100, 0
     FROM generate_series(1, 18000) AS device, (SELECT TIMESTAMPTZ '2021-01-01 00:00:00Z') AS long_ago (time)`,
  );
  await database.query(
    `UPDATE devices SET
       site = 'site ' || right(device_id, 3),
       labels = ARRAY['label ' || right(device_id, 3), 'colour ' || right(device_id, 1)]`,
  );
  // Their notifications would be ten times as many rows as all the rest.
  await database.query(`ALTER TABLE alerts DISABLE TRIGGER alert_opened`);
  await database.query(
    `INSERT INTO alerts (device_id, kind, status, resolved_at, resolution, consecutive_failures, first_failed_sync,
       last_failed_sync)
     SELECT device_id, 'failing'::alert_kind, 'resolved'::alert_status, first_seen_at, 'recovered'::alert_resolution,
       3, first_seen_at, first_seen_at
     FROM devices, generate_series(1, 10)
     UNION ALL
     SELECT device_id, 'failing', 'open', NULL, NULL, consecutive_failures, last_failure_at, last_failure_at
     FROM devices WHERE consecutive_failures >= 3`,
  );
  await database.query(`ALTER TABLE alerts ENABLE TRIGGER alert_opened`);
  // The events above carry no messages; these are of a year before them.
  await database.query(
    `INSERT INTO error_hours (hour, site, pattern, shard, failures, last_seen)
     SELECT hour, 'site ' || site, 'no route', 0, 1, hour
     FROM generate_series(TIMESTAMPTZ '2020-01-01 00:00:00Z', '2020-12-31 00:00:00Z', INTERVAL '1 hour') AS hour,
       generate_series(1, 5) AS site`,
  );
  // Ten dead receivers are owed 10,000 messages each, half of which were never tried.
  await database.query(
    `INSERT INTO channels (kind, name, url)
     SELECT 'slack', 'dead receiver ' || number, 'sealed' FROM generate_series(1, 10) AS number`,
  );
  await database.query(
    `INSERT INTO notifications (channel_id, alert_id, device_id, transition, facts, first_attempt_at, attempts,
       created_at, next_attempt_at)
     SELECT channels.id, alerts.id, alerts.device_id, 'opened', alert_facts(alerts), tried, CASE WHEN tried IS NULL THEN 0 ELSE 1 END,
       now() - INTERVAL '1 hour', now() + (alerts.id % 100 - 50) * INTERVAL '1 minute'
     FROM channels
     CROSS JOIN (SELECT * FROM alerts ORDER BY id LIMIT 10000) AS alerts
     CROSS JOIN LATERAL (SELECT CASE WHEN alerts.id % 2 = 0 THEN now() END AS tried) AS attempt
     WHERE channels.kind = 'slack'`,
  );
  // Ten operators, who mostly look after alerts.
  await database.query(
    `INSERT INTO audit_log (at, actor, actor_name, action, resource, resource_id, details)
     SELECT TIMESTAMPTZ '2022-01-01 00:00:00Z' + number * INTERVAL '1 minute', 'operator' || number % 10, 'x',
       CASE WHEN number % 100 = 0 THEN 'key.revoked' ELSE 'alert.acknowledged' END, 'alert', number, '{}'
     FROM generate_series(1, 20000) AS number`,
  );
  await database.query('VACUUM ANALYZE');
}

function get(path: string): Promise<Statement[]> {
  return statementsSentBy(async () => {
    const { status } = await send(`${service.url}/api${path}`);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
  });
}

async function getSecondPage(path: string): Promise<Statement[]> {
  const { next } = await firstPage(`${service.url}/api${path}`);
  if (!next) throw new Error(`${path} has one page only`);
  return statementsSentBy(() => send(next));
}

describe('At 200,000 events', () => {
  it('counters and alerts are as the service would have left them', async () => {
    expect(await service.app.get(FailingAlerts).settle()).toBe(0);
    expect((await send(`${service.url}/api/stats`)).body).toMatchObject({
      total_devices: 20_001,
      total_sync_events: 200_000,
    });
  });

  /** Asked for with fewer than there are, so that each has a second page. */
  const HISTORY = '/device/old-hand/sync-history?limit=5';
  const pages: [string, string, string[]][] = [
    ['the history', HISTORY, ['sync_events_pkey']],
    ['the history from a time on', `${HISTORY}&from=2024-01-01T00:00:00Z`, ['sync_events_pkey']],
    ['the history up to a time', `${HISTORY}&to=2024-01-01T00:00:00Z`, ['sync_events_pkey']],
    [
      'the history of a month',
      `${HISTORY}&from=2024-01-01T00:00:00Z&to=2024-02-01T00:00:00Z`,
      ['sync_events_pkey'],
    ],
    ['the history of failures', `${HISTORY}&failed=true`, ['sync_events_failed']],
    [
      'the history of failures from a time on',
      `${HISTORY}&failed=true&from=2022-06-01T00:00:00Z`,
      ['sync_events_failed'],
    ],
    ['the history of successes', `${HISTORY}&failed=false`, ['sync_events_pkey']],
    ['the registry', '/devices?limit=5', ['devices_pkey', 'sync_events_pkey']],
    ['the devices of a site', '/devices?limit=5&site=site%20007', ['devices_by_site', 'sync_events_pkey']],
    [
      'the devices with a label',
      '/devices?limit=5&label=label%20007',
      ['devices_by_label', 'sync_events_pkey'],
    ],
    ['the failing devices', '/devices?limit=5&failing=true', ['devices_by_streak', 'sync_events_pkey']],
    ['the devices that do not fail', '/devices?limit=5&failing=false', ['devices_pkey', 'sync_events_pkey']],
    ['repeated failures', '/devices/repeated-failures?limit=5', ['devices_by_failures']],
    [
      'repeated failures from one on',
      '/devices/repeated-failures?limit=5&threshold=1',
      ['devices_by_failures'],
    ],
    [
      'repeated failures of a window',
      '/devices/repeated-failures?limit=5&threshold=1&from=2022-01-04T00:00:00Z&to=2022-01-04T06:00:00Z',
      ['sync_events_failed_by_time', 'devices_pkey'],
    ],
    [
      'repeated failures of a window and a site',
      '/devices/repeated-failures?limit=1&threshold=1&from=2022-01-01T00:00:00Z&to=2022-01-05T00:00:00Z&site=site%20100',
      ['sync_events_failed_by_time', 'devices_by_site'],
    ],
    ['the alerts', '/alerts?limit=5', ['alerts_newest_first']],
    ['the open alerts', '/alerts?limit=5&status=open', ['alerts_unresolved']],
    ['the resolved alerts', '/alerts?limit=5&status=resolved', ['alerts_newest_first']],
    ['the alerts of a device', '/alerts?limit=5&device_id=pibook-00100', ['alerts_pkey']],
    ['the audit log', '/audit?limit=5', ['audit_log_newest_first']],
    [
      'the audit log of a day',
      '/audit?limit=5&from=2022-01-04T00:00:00Z&to=2022-01-05T00:00:00Z',
      ['audit_log_newest_first'],
    ],
    ['the audit log of an actor', '/audit?limit=5&actor=operator7', ['audit_log_by_actor']],
    ['the audit log of an action', '/audit?limit=5&action=key.revoked', ['audit_log_by_action']],
  ];

  it.each(pages)('%s: the first page comes from the indexes', async (_, path, indexes) => {
    await expectFromIndexes(service, await get(path), indexes);
  });

  it.each(pages)('%s: so does the second', async (_, path, indexes) => {
    await expectFromIndexes(service, await getSecondPage(path), indexes);
  });

  it.each([
    ['one device', '/devices/old-hand', ['devices_pkey', 'sync_events_pkey']],
    ['the streak of a device', '/devices/pibook-00100/streak', ['devices_pkey', 'sync_events_pkey']],
    [
      'the activity',
      '/stats/activity?from=2022-01-04T00:00:00Z&to=2022-01-05T00:00:00Z',
      ['fleet_hours_pkey'],
    ],
    ['the errors', '/stats/errors?from=2022-01-04T00:00:00Z&to=2022-01-05T00:00:00Z', ['error_hours_pkey']],
    ['one alert', '/alerts/100', ['alerts_newest_first']],
    ['the alerts of a site', '/alerts?site=site%20100', ['devices_by_site', 'alerts_pkey']],
    ['the open alerts of a site', '/alerts?site=site%20100&status=open', ['alerts_unresolved']],
    ['an empty page of the history', `${HISTORY}&to=2021-01-01T00:00:00Z`, ['sync_events_pkey']],
  ])('%s comes from the indexes', async (_, path, indexes) => {
    await expectFromIndexes(service, await get(path), indexes);
  });

  it('the totals of the fleet come from the counters, at most 16 rows each', async () => {
    // The states of the devices are counted now and not again for 30 seconds.
    await get('/stats');
    const plans = await plansOf(service, await get('/stats'));
    const counters = ['fleet_devices', 'fleet_totals'];
    expect(plans.flatMap(({ scannedWhole }) => scannedWhole)).toEqual([...counters, ...counters]);
    const [rows] = await service.database.query(
      'SELECT (SELECT count(*)::int FROM fleet_devices) AS devices, (SELECT count(*)::int FROM fleet_totals) AS totals',
    );
    expect([rows.devices <= 16, rows.totals <= 16]).toEqual([true, true]);
  });

  it('the sweep comes from the indexes of what fails and of what is open', async () => {
    const sent = await statementsSentBy(() => service.app.get(FailingAlerts).settle());
    expect(sent).toHaveLength(1);
    await expectFromIndexes(service, sent, ['devices_by_streak', 'alerts_one_unresolved']);
  });

  it('opening and resolving an alert come from the indexes', async () => {
    const device = aDevice(service);
    const sent = await statementsSentBy(() => device.reportsInTurn('failed', 'failed', 'failed', 'ok'));
    // With the line in the log, which is printed before the answer.
    const settling = sent.filter(({ text }) => !text.includes('record_sync_events'));
    expect(settling.map(({ text }) => /INSERT INTO alerts|UPDATE alerts/.exec(text)?.[0])).toEqual(
      expect.arrayContaining(['INSERT INTO alerts', 'UPDATE alerts']),
    );
    await expectFromIndexes(service, settling, [
      'devices_pkey',
      'alerts_one_unresolved',
      'sync_events_failed',
      'notifications_once',
    ]);
  });

  it('recording reads few rows, be the events new, repeated, late or in conflict', async () => {
    const [device, lastInOrder] = [aDevice(service, 'old-hand'), aDevice(service, 'pibook-01999')];
    const late = { at: '2023-01-01T00:30:00Z' };
    const sent = await statementsSentBy(async () => {
      await device.reportsInTurn('failed', 'failed', 'ok');
      await device.reports('failed', late);
      await device.reports('ok', late);
      await lastInOrder.reports('failed', { ...late, eventId: 'e7' });
      await lastInOrder.reports('failed', { eventId: 'new' });
    });
    const recordings = sent.filter(({ text }) => text.includes('record_sync_events'));
    expect(recordings).toHaveLength(7);
    expect(await rowsReadBy(recordings)).toBeLessThan(100);
  });

  it('recording keeps to the indexes by a plan that was made while tables were small', async () => {
    const young = await startService();
    try {
      const device = aDevice(young, 'pibook-02001');
      const recordings = await statementsSentBy(async () => {
        await device.reports('failed', { eventId: 'boot-1:1' });
        await device.reports('failed');
        await device.reports('ok');
      });
      await young.database.query('VACUUM ANALYZE');
      // From the sixth time on PostgreSQL keeps the plan, until the next ANALYZE.
      await rowsReadBy(Array.from({ length: 6 }, () => recordings).flat(), young);
      await insertEvents(young);
      expect(await rowsReadBy(recordings, young)).toBeLessThan(100);
    } finally {
      await young.stop();
    }
  });

  describe('with 100,000 notifications pending for ten dead receivers', () => {
    let claimed: ClaimedNotification[] = [];

    it('a claim comes from the indexes of what is due, untold and in flight', async () => {
      const sent = await statementsSentBy(async () => {
        ({ claimed } = await service.app.get(OutboxRepository).claim([], 20, sendingStep));
      });
      expect(claimed).toHaveLength(20);
      await expectFromIndexes(service, sent, [
        'notifications_due',
        'notifications_in_flight',
        'notifications_untold',
        'notifications_by_channel',
        'notifications_once',
        'notifications_pkey',
      ]);
    });

    it('a claim that finds nothing is one question', async () => {
      const sent = await statementsSentBy(() => service.app.get(OutboxRepository).claim([], 0, sendingStep));
      expect(sent).toHaveLength(1);
      await expectFromIndexes(service, sent, ['notifications_due', 'notifications_in_flight']);
    });

    it('writing outcomes down comes from the indexes', async () => {
      const outcomes = claimed.map(
        ({ id, leaseToken }) => ({ id, leaseToken, status: 'delivered' }) as const,
      );
      const sent = await statementsSentBy(() => service.app.get(OutcomeRepository).record(outcomes));
      expect(sent).toHaveLength(1);
      await expectFromIndexes(service, sent, [
        'notifications_in_flight',
        'notifications_once',
        'notifications_in_digest',
      ]);
    });

    it('a claim that claims reads few rows', async () => {
      const sent = await statementsSentBy(() => service.app.get(OutboxRepository).claim([], 20, sendingStep));
      expect(await rowsReadBy(sent)).toBeLessThan(1_000);
    });
  });
});

/** How many rows the statements read when they ran: what a function does within shows in no plan. */
async function rowsReadBy(statements: readonly Statement[], { database } = service): Promise<number> {
  await database.query('BEGIN');
  try {
    for (const { text, values } of statements) await database.query(text, values);
    const [{ rows }] = await database.query<{ rows: number }>(
      `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables`,
    );
    return rows;
  } finally {
    await database.query('ROLLBACK');
  }
}
