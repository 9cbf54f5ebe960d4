-- Where alerts go, and what is owed to whom.

CREATE TYPE channel_kind AS ENUM ('log', 'webhook', 'slack', 'email');
CREATE TYPE notification_transition AS ENUM ('opened', 'resolved', 'reminder', 'digest', 'test');
CREATE TYPE notification_status AS ENUM ('pending', 'delivered', 'merged', 'dead');

CREATE TABLE channels (
  id                    BIGSERIAL NOT NULL,
  kind                  channel_kind NOT NULL,
  name                  TEXT NOT NULL,
  url                   TEXT,
  recipients            TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  secret                TEXT,
  previous_secret       TEXT,
  previous_secret_until TIMESTAMPTZ(3),
  alert_kinds           alert_kind[] NOT NULL DEFAULT ARRAY[]::alert_kind[],
  sites                 TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  wants_resolved        BOOLEAN NOT NULL DEFAULT TRUE,
  wants_reminders       BOOLEAN NOT NULL DEFAULT TRUE,
  enabled               BOOLEAN NOT NULL DEFAULT TRUE,
  disabled_reason       TEXT,
  last_digest_at        TIMESTAMPTZ(3),
  created_at            TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at            TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT channels_pkey PRIMARY KEY (id),
  CONSTRAINT channels_with_a_url CHECK ((kind IN ('webhook', 'slack')) = (url IS NOT NULL)),
  CONSTRAINT channels_with_recipients CHECK ((kind = 'email') = (cardinality(recipients) > 0)),
  CONSTRAINT channels_with_a_secret CHECK ((kind = 'webhook') = (secret IS NOT NULL)),
  CONSTRAINT channels_rotation_ends CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL))
);
-- The log is always there, once.
CREATE UNIQUE INDEX channels_one_log ON channels (kind) WHERE kind = 'log';
INSERT INTO channels (kind, name) VALUES ('log', 'Log');

CREATE TABLE notifications (
  id               BIGSERIAL NOT NULL,
  message_id       UUID NOT NULL DEFAULT gen_random_uuid(),
  channel_id       BIGINT NOT NULL,
  alert_id         BIGINT,
  device_id        TEXT COLLATE "C",
  transition       notification_transition NOT NULL,
  round            INTEGER NOT NULL DEFAULT 0,
  status           notification_status NOT NULL DEFAULT 'pending',
  facts            JSONB NOT NULL,
  passed           BOOLEAN NOT NULL DEFAULT FALSE,
  merged_into      BIGINT,
  attempts         INTEGER NOT NULL DEFAULT 0,
  -- From then on its content is fixed: a receiver may have it, whatever became of the answer.
  first_attempt_at TIMESTAMPTZ(3),
  created_at       TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  next_attempt_at  TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  lease_token      UUID,
  leased_until     TIMESTAMPTZ(3),
  leased_by        UUID,
  finished_at      TIMESTAMPTZ(3),
  last_failure     TEXT,
  last_status      INTEGER,
  CONSTRAINT notifications_pkey PRIMARY KEY (id),
  CONSTRAINT notifications_channel_fkey FOREIGN KEY (channel_id) REFERENCES channels (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT notifications_of_an_alert CHECK ((transition IN ('digest', 'test')) = (alert_id IS NULL) AND (alert_id IS NULL) = (device_id IS NULL)),
  CONSTRAINT notifications_lease_is_whole CHECK ((lease_token IS NULL) = (leased_until IS NULL)),
  CONSTRAINT notifications_finished_has_a_time CHECK ((status = 'pending') = (finished_at IS NULL)),
  CONSTRAINT notifications_only_pending_are_leased CHECK (lease_token IS NULL OR status = 'pending'),
  -- Merged into nothing: a reminder of what was no longer so when its turn came.
  CONSTRAINT notifications_only_merged_have_a_whole CHECK (merged_into IS NULL OR status = 'merged')
);
-- One row a transition and channel, whoever settles the alert how often.
CREATE UNIQUE INDEX notifications_once ON notifications (alert_id, channel_id, transition, round) WHERE alert_id IS NOT NULL;
CREATE INDEX notifications_due ON notifications (channel_id, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX notifications_untold ON notifications (channel_id, id) WHERE status = 'pending' AND first_attempt_at IS NULL;
CREATE INDEX notifications_in_flight ON notifications (channel_id, leased_until) WHERE lease_token IS NOT NULL;
CREATE INDEX notifications_by_channel ON notifications (channel_id, created_at);
CREATE INDEX notifications_by_status ON notifications (status, id DESC) WHERE status <> 'delivered';
CREATE INDEX notifications_in_digest ON notifications (merged_into) WHERE merged_into IS NOT NULL;

CREATE FUNCTION wire_time(instant TIMESTAMPTZ) RETURNS TEXT
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- What a message says of an alert: src/notifications/message.ts, AlertFacts. An unresolved alert speaks of its
-- device as it is now.
CREATE FUNCTION alert_facts(alert alerts) RETURNS JSONB
LANGUAGE sql STABLE
AS $$
  SELECT jsonb_build_object(
    'id', alert.id,
    'device_id', alert.device_id,
    'device_name', devices.name,
    'site', devices.site,
    'kind', alert.kind,
    'status', alert.status,
    'consecutive_failures', CASE WHEN alert.resolved_at IS NULL THEN devices.consecutive_failures ELSE alert.consecutive_failures END,
    'first_failed_sync', wire_time(alert.first_failed_sync),
    'last_failed_sync', wire_time(CASE WHEN alert.resolved_at IS NULL THEN devices.last_failure_at ELSE alert.last_failed_sync END),
    'last_error_message', CASE WHEN alert.resolved_at IS NULL THEN devices.last_error_message ELSE alert.last_error_message END,
    'last_successful_sync', wire_time(devices.last_success_at),
    'last_contact_at', wire_time(devices.last_contact_at),
    'opened_at', wire_time(alert.opened_at),
    'acknowledged_at', wire_time(alert.acknowledged_at),
    'acknowledged_by', alert.acknowledged_by,
    'note', alert.note,
    'resolved_at', wire_time(alert.resolved_at),
    'resolution', alert.resolution
  )
  FROM devices
  WHERE devices.device_id = alert.device_id
$$;

-- Owes a transition of an alert to every channel that wants it. A paused device's alerts say nothing.
CREATE FUNCTION owe_notifications(alert alerts, owed notification_transition) RETURNS VOID
LANGUAGE sql VOLATILE
AS $$
  INSERT INTO notifications (channel_id, alert_id, device_id, transition, round, facts, next_attempt_at)
  SELECT
    channels.id, alert.id, alert.device_id, owed, CASE WHEN owed = 'reminder' THEN alert.reminders ELSE 0 END, alert_facts(alert),
    -- The process that changed the alert prints it before it answers; others step in when that one has died.
    CURRENT_TIMESTAMP + CASE WHEN channels.kind = 'log' THEN INTERVAL '10 seconds' ELSE INTERVAL '0' END
  FROM channels
  JOIN devices ON devices.device_id = alert.device_id AND NOT devices.paused
  WHERE channels.enabled
    AND (channels.alert_kinds = '{}' OR alert.kind = ANY (channels.alert_kinds))
    AND (channels.sites = '{}' OR devices.site = ANY (channels.sites))
    AND (channels.wants_resolved OR owed <> 'resolved')
    AND (channels.wants_reminders OR owed <> 'reminder')
    -- Nobody is told the end of what they were not told the beginning of.
    AND (owed <> 'resolved' OR EXISTS (
      SELECT 1 FROM notifications AS opening
      WHERE opening.alert_id = alert.id AND opening.channel_id = channels.id AND opening.transition = 'opened'
    ))
  ON CONFLICT (alert_id, channel_id, transition, round) WHERE alert_id IS NOT NULL DO NOTHING
$$;

-- By trigger, in the transaction of the transition: no way of changing an alert can forget its notifications.
CREATE FUNCTION owe_notifications_of_alert() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM owe_notifications(NEW, TG_ARGV[0]::notification_transition);
  RETURN NULL;
END;
$$;

CREATE TRIGGER alert_opened AFTER INSERT ON alerts
FOR EACH ROW EXECUTE FUNCTION owe_notifications_of_alert('opened');

CREATE TRIGGER alert_resolved AFTER UPDATE ON alerts
FOR EACH ROW WHEN (OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL)
EXECUTE FUNCTION owe_notifications_of_alert('resolved');

CREATE TRIGGER alert_reminded AFTER UPDATE ON alerts
FOR EACH ROW WHEN (NEW.reminders > OLD.reminders)
EXECUTE FUNCTION owe_notifications_of_alert('reminder');

-- A device that is no longer paused tells what is still so, and ends what was told before the pause.
CREATE FUNCTION owe_notifications_of_device() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM owe_notifications(alerts, 'resolved')
  FROM alerts
  WHERE alerts.device_id = NEW.device_id AND alerts.resolved_at IS NOT NULL;
  PERFORM owe_notifications(alerts, 'opened')
  FROM alerts
  WHERE alerts.device_id = NEW.device_id AND alerts.resolved_at IS NULL;
  RETURN NULL;
END;
$$;

CREATE TRIGGER device_no_longer_paused AFTER UPDATE OF paused ON devices
FOR EACH ROW WHEN (OLD.paused AND NOT NEW.paused)
EXECUTE FUNCTION owe_notifications_of_device();
