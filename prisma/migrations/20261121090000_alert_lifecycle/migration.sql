-- What an alert goes through, devices that fall silent, and the times at which the service itself was away.

-- Made anew and not extended: a value that ALTER TYPE adds cannot be used in the transaction that adds it.
ALTER TYPE alert_kind RENAME TO alert_kind_before;
CREATE TYPE alert_kind AS ENUM ('failing', 'silent');
ALTER TYPE alert_status RENAME TO alert_status_before;
CREATE TYPE alert_status AS ENUM ('open', 'acknowledged', 'resolved');
CREATE TYPE alert_resolution AS ENUM ('recovered', 'corrected', 'contact');

ALTER TABLE alerts
  DROP CONSTRAINT alerts_resolved_has_a_time,
  ALTER COLUMN status DROP DEFAULT;
ALTER TABLE alerts
  ALTER COLUMN kind TYPE alert_kind USING kind::text::alert_kind,
  ALTER COLUMN status TYPE alert_status USING status::text::alert_status,
  -- A device can fall silent without ever having failed.
  ALTER COLUMN first_failed_sync DROP NOT NULL,
  ALTER COLUMN last_failed_sync DROP NOT NULL,
  ADD COLUMN last_success_at TIMESTAMPTZ(3),
  ADD COLUMN last_contact_at TIMESTAMPTZ(3),
  ADD COLUMN acknowledged_at TIMESTAMPTZ(3),
  ADD COLUMN acknowledged_by TEXT,
  ADD COLUMN note TEXT,
  ADD COLUMN resolution alert_resolution,
  ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN last_told_at TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE alerts ALTER COLUMN status SET DEFAULT 'open';
DROP TYPE alert_kind_before;
DROP TYPE alert_status_before;

UPDATE alerts SET last_told_at = alerts.opened_at;
UPDATE alerts SET resolution = 'recovered' WHERE alerts.status = 'resolved';

ALTER TABLE alerts
  ADD CONSTRAINT alerts_resolved_has_a_time CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
  ADD CONSTRAINT alerts_resolved_has_a_reason CHECK ((status = 'resolved') = (resolution IS NOT NULL)),
  ADD CONSTRAINT alerts_acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
  ADD CONSTRAINT alerts_acknowledged_has_a_time CHECK (
    status = 'resolved' OR (status = 'acknowledged') = (acknowledged_at IS NOT NULL)
  ),
  ADD CONSTRAINT alerts_failing_has_failures CHECK (
    kind <> 'failing' OR (first_failed_sync IS NOT NULL AND last_failed_sync IS NOT NULL)
  ),
  ADD CONSTRAINT alerts_silent_has_a_contact CHECK (kind <> 'silent' OR last_contact_at IS NOT NULL);

-- Read by the sweep for reminders.
CREATE INDEX alerts_unacknowledged ON alerts (last_told_at) WHERE status = 'open';
CREATE INDEX alerts_by_opening ON alerts (opened_at);

-- What happened to an alert, and who did it: the alert's own row forgets an acknowledgement that was withdrawn.
CREATE TYPE alert_change AS ENUM ('opened', 'acknowledged', 'unacknowledged', 'reminded', 'resolved');
CREATE TABLE alert_changes (
  device_id TEXT COLLATE "C" NOT NULL,
  alert_id  BIGINT NOT NULL,
  id        BIGSERIAL NOT NULL,
  change    alert_change NOT NULL,
  at        TIMESTAMPTZ(3) NOT NULL,
  by_whom   TEXT,
  note      TEXT,
  CONSTRAINT alert_changes_pkey PRIMARY KEY (device_id, alert_id, id)
);

INSERT INTO alert_changes (device_id, alert_id, change, at)
SELECT alerts.device_id, alerts.id, 'opened'::alert_change, alerts.opened_at FROM alerts
UNION ALL
SELECT alerts.device_id, alerts.id, 'resolved', alerts.resolved_at FROM alerts WHERE alerts.resolved_at IS NOT NULL;

-- By trigger, so that no way of changing an alert can forget it.
CREATE FUNCTION remember_alert_change() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO alert_changes (device_id, alert_id, change, at, by_whom, note)
  SELECT NEW.device_id, NEW.id, changed.*
  FROM (
    VALUES
      ('opened'::alert_change, NEW.opened_at, NULL, NULL),
      ('acknowledged', NEW.acknowledged_at, NEW.acknowledged_by, NEW.note),
      ('unacknowledged', NEW.last_told_at, NULL, NULL),
      ('reminded', NEW.last_told_at, NULL, NULL),
      ('resolved', NEW.resolved_at, NULL, NULL)
  ) AS changed (change, at, by_whom, note)
  WHERE changed.change = TG_ARGV[0]::alert_change;
  RETURN NULL;
END;
$$;

CREATE TRIGGER remember_opened AFTER INSERT ON alerts
FOR EACH ROW EXECUTE FUNCTION remember_alert_change('opened');

CREATE TRIGGER remember_acknowledged AFTER UPDATE ON alerts
FOR EACH ROW WHEN (OLD.acknowledged_at IS NULL AND NEW.acknowledged_at IS NOT NULL)
EXECUTE FUNCTION remember_alert_change('acknowledged');

CREATE TRIGGER remember_unacknowledged AFTER UPDATE ON alerts
FOR EACH ROW WHEN (OLD.acknowledged_at IS NOT NULL AND NEW.acknowledged_at IS NULL)
EXECUTE FUNCTION remember_alert_change('unacknowledged');

CREATE TRIGGER remember_reminded AFTER UPDATE ON alerts
FOR EACH ROW WHEN (NEW.reminders > OLD.reminders)
EXECUTE FUNCTION remember_alert_change('reminded');

CREATE TRIGGER remember_resolved AFTER UPDATE ON alerts
FOR EACH ROW WHEN (OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL)
EXECUTE FUNCTION remember_alert_change('resolved');

-- silence_due_at is when the sweep looks at the device next, not when it falls silent: a contact does not
-- move it, so recording an event touches no index for it. The sweep then finds the true deadline and either
-- moves this one there or opens the alert. NULL: a silent alert is unresolved, only a contact ends it. A new
-- device is due at once.
ALTER TABLE devices
  ADD COLUMN paused BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN silence_due_at TIMESTAMPTZ(3) DEFAULT '1970-01-01 00:00:00+00';
CREATE INDEX devices_by_silence ON devices (silence_due_at, device_id) WHERE silence_due_at IS NOT NULL;

-- One row: when any replica was last alive, and the settings the deadlines were made with.
CREATE TABLE service_heartbeat (
  id                        SMALLINT NOT NULL DEFAULT 1,
  beat_at                   TIMESTAMPTZ(3) NOT NULL,
  silent_after_seconds      INTEGER NOT NULL,
  expected_interval_seconds INTEGER NOT NULL,
  CONSTRAINT service_heartbeat_pkey PRIMARY KEY (id),
  CONSTRAINT service_heartbeat_is_one CHECK (id = 1)
);

-- Times at which no replica was alive, or none reached the database: no device could be heard.
CREATE TABLE service_outages (
  started_at TIMESTAMPTZ(3) NOT NULL,
  ended_at   TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT service_outages_pkey PRIMARY KEY (ended_at),
  CONSTRAINT service_outages_last CHECK (ended_at > started_at)
);

-- How long after this contact the service was away. Outages do not overlap: one heartbeat makes them.
CREATE FUNCTION outage_since(contact TIMESTAMPTZ) RETURNS INTERVAL
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT make_interval(secs => coalesce(sum(extract(epoch FROM outages.ended_at - greatest(outages.started_at, contact))), 0)::double precision)
  FROM service_outages AS outages
  WHERE outages.ended_at > contact
$$;
