-- Silent alerts and what was written on alerts are lost: the schema before has no room for them.
DROP FUNCTION outage_since(TIMESTAMPTZ);
DROP TABLE service_outages;
DROP TABLE service_heartbeat;

DROP INDEX devices_by_silence;
ALTER TABLE devices DROP COLUMN silence_due_at, DROP COLUMN paused;

DROP TRIGGER remember_opened ON alerts;
DROP TRIGGER remember_acknowledged ON alerts;
DROP TRIGGER remember_unacknowledged ON alerts;
DROP TRIGGER remember_reminded ON alerts;
DROP TRIGGER remember_resolved ON alerts;
DROP FUNCTION remember_alert_change();
DROP TABLE alert_changes;
DROP TYPE alert_change;

DROP INDEX alerts_by_opening;
DROP INDEX alerts_unacknowledged;
DELETE FROM alerts WHERE kind = 'silent';
UPDATE alerts SET status = 'open', acknowledged_at = NULL, acknowledged_by = NULL WHERE status = 'acknowledged';

ALTER TYPE alert_kind RENAME TO alert_kind_after;
CREATE TYPE alert_kind AS ENUM ('failing');
ALTER TYPE alert_status RENAME TO alert_status_after;
CREATE TYPE alert_status AS ENUM ('open', 'resolved');
ALTER TABLE alerts
  DROP CONSTRAINT alerts_silent_has_a_contact,
  DROP CONSTRAINT alerts_failing_has_failures,
  DROP CONSTRAINT alerts_acknowledged_has_a_time,
  DROP CONSTRAINT alerts_acknowledged_by_somebody,
  DROP CONSTRAINT alerts_resolved_has_a_reason,
  DROP CONSTRAINT alerts_resolved_has_a_time,
  ALTER COLUMN status DROP DEFAULT;
ALTER TABLE alerts
  ALTER COLUMN kind TYPE alert_kind USING kind::text::alert_kind,
  ALTER COLUMN status TYPE alert_status USING status::text::alert_status,
  ALTER COLUMN first_failed_sync SET NOT NULL,
  ALTER COLUMN last_failed_sync SET NOT NULL,
  DROP COLUMN last_told_at,
  DROP COLUMN reminders,
  DROP COLUMN resolution,
  DROP COLUMN note,
  DROP COLUMN acknowledged_by,
  DROP COLUMN acknowledged_at,
  DROP COLUMN last_contact_at,
  DROP COLUMN last_success_at;
ALTER TABLE alerts
  ALTER COLUMN status SET DEFAULT 'open',
  ADD CONSTRAINT alerts_resolved_has_a_time CHECK ((status = 'resolved') = (resolved_at IS NOT NULL));
DROP TYPE alert_resolution;
DROP TYPE alert_status_after;
DROP TYPE alert_kind_after;
