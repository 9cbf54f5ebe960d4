import { AlertSweep } from '../src/alerts/alert-sweep.js';
import { expectFromIndexes, plansOf } from './support/plans.js';
import { Statement, statementsSentBy } from './support/sent-statements.js';
import { startService, TestService } from './support/service.js';

const DEVICES = 200_000;

let service: TestService;

beforeAll(async () => {
  service = await startService();
  await fill(service);
}, 120_000);

afterAll(() => service.stop());

/**
 * Devices in contact within the last three days, as a sweep leaves them, but for 300 that are due: of each hundred of
 * these one has fallen silent. One in a hundred fails, with an alert; one in two hundred is silent, with an alert. Ten
 * resolved alerts each for one in ten.
 */
async function fill({ database }: TestService): Promise<void> {
  // One by one, the triggers would take longer than all the rest.
  await database.query(`ALTER TABLE devices DISABLE TRIGGER USER`);
  await database.query(
    `INSERT INTO devices (device_id, first_seen_at, last_contact_at, last_failure_at, total_syncs, total_failed_syncs,
       consecutive_failures, silence_due_at)
     SELECT 'pibox-' || lpad(number::text, 7, '0'), contact.at, contact.at, contact.at, 9, 9,
       CASE WHEN number % 100 = 1 THEN 5 ELSE 0 END,
       CASE WHEN number % 200 = 2 THEN NULL ELSE contact.at + INTERVAL '72 hours' - due.early END
     FROM generate_series(1, ${DEVICES}) AS number,
       LATERAL (
         SELECT now() - CASE
           WHEN number % 200 = 2 OR number IN (100, 200, 300) THEN INTERVAL '80 hours'
           ELSE INTERVAL '1 second' * (number % 250000)
         END AS at
       ) AS contact,
       LATERAL (SELECT CASE WHEN number <= 300 THEN INTERVAL '9 days' ELSE INTERVAL '0' END AS early) AS due`,
  );
  await database.query(
    `INSERT INTO sync_events (device_id, effective_at, succeeded, received_at, clock, total_files_synced, total_errors)
     SELECT device_id, last_contact_at - number * INTERVAL '1 hour', number > 5 OR consecutive_failures = 0,
       last_contact_at, 'missing', 0, CASE WHEN number > 5 OR consecutive_failures = 0 THEN 0 ELSE 1 END
     FROM devices, generate_series(1, 10) AS number WHERE device_id LIKE '%1'`,
  );
  await database.query(`ALTER TABLE alerts DISABLE TRIGGER USER`);
  await database.query(
    `INSERT INTO alerts (device_id, kind, status, resolved_at, resolution, consecutive_failures, first_failed_sync,
       last_failed_sync, last_contact_at)
     SELECT device_id, 'failing'::alert_kind, 'resolved'::alert_status, first_seen_at, 'recovered'::alert_resolution, 3,
       first_seen_at, first_seen_at, NULL::timestamptz
     FROM devices, generate_series(1, 10) WHERE device_id LIKE '%7'
     UNION ALL
     SELECT device_id, 'failing', 'open', NULL, NULL, 5, first_seen_at, first_seen_at, NULL::timestamptz
     FROM devices WHERE consecutive_failures >= 3
     UNION ALL
     SELECT device_id, 'silent', 'open', NULL, NULL, 0, NULL::timestamptz, NULL::timestamptz, last_contact_at
     FROM devices WHERE silence_due_at IS NULL`,
  );
  await database.query(
    `UPDATE alerts SET last_told_at = now() - INTERVAL '25 hours' WHERE resolved_at IS NULL AND device_id < 'pibox-0002000'`,
  );
  await database.query(`ALTER TABLE alerts ENABLE TRIGGER USER`);
  await database.query(
    `INSERT INTO alert_changes (device_id, alert_id, change, at) SELECT device_id, id, 'opened', opened_at FROM alerts`,
  );
  await database.query(
    `INSERT INTO notifications (channel_id, alert_id, device_id, transition, status, facts, finished_at)
     SELECT channels.id, alerts.id, alerts.device_id, 'opened', 'delivered', '{}', now()
     FROM alerts, channels WHERE alerts.id % 10 = 0`,
  );
  await database.query(
    `INSERT INTO service_outages SELECT now() - hours * INTERVAL '1 hour', now() - hours * INTERVAL '1 hour' + INTERVAL '5 minutes'
     FROM generate_series(1, 50) AS hours`,
  );
  await database.query(`ALTER TABLE devices ENABLE TRIGGER USER`);
  await database.query('VACUUM ANALYZE');
}

describe(`At ${DEVICES} devices`, () => {
  let sent: Statement[];

  beforeAll(async () => {
    sent = await statementsSentBy(() => service.app.get(AlertSweep).sweep());
  }, 60_000);

  it('a sweep looks at the devices that are due, and tells what has to be told', async () => {
    const [counts] = await service.database.query(
      `SELECT (SELECT count(*)::int FROM devices WHERE silence_due_at < now()) AS due,
         (SELECT count(*)::int FROM alerts WHERE kind = 'silent' AND status = 'open' AND opened_at > now() - INTERVAL '1 minute') AS opened,
         (SELECT sum(reminders)::int FROM alerts) AS reminders`,
    );
    expect(counts).toMatchObject({ due: 0 });
    expect(counts.opened).toBeGreaterThan(0);
    expect(counts.reminders).toBeGreaterThan(0);
  });

  it('a sweep sends a handful of statements', () => {
    const ofAlerts = sent.filter(({ text }) => /devices|service_heartbeat/.test(text));
    expect(ofAlerts.length).toBeGreaterThan(5);
    expect(ofAlerts.length).toBeLessThan(20);
  });

  it('none of them reads a table of devices, events or alerts whole', async () => {
    const plans = await plansOf(service, sent);
    expect(plans.flatMap(({ scannedWhole }) => scannedWhole)).toEqual([]);
    const used = plans.filter(({ mode }) => mode === 'custom').flatMap(({ indexes }) => indexes);
    expect(used).toEqual(
      expect.arrayContaining([
        'devices_by_silence',
        'devices_by_streak',
        'alerts_one_unresolved',
        'alerts_unacknowledged',
        'devices_pkey',
      ]),
    );
  });

  it('the due devices and the reminders come from their partial indexes', async () => {
    await expectFromIndexes(service, matching('SKIP LOCKED', 'silence_due_at <'), ['devices_by_silence']);
    await expectFromIndexes(service, matching('SKIP LOCKED', 'last_told_at <'), ['alerts_unacknowledged']);
  });

  function matching(...parts: string[]): Statement[] {
    return sent.filter(({ text }) => parts.every((part) => text.includes(part)));
  }
});
