-- What the fleet did, hour by hour and in all: kept by triggers in the transaction that stores the
-- events, so that it can neither miss one nor count one twice (docs/decisions/0005).
--
-- Every rollup is split into 16 shards, summed up when read. A writer changes the shard of its own
-- connection, so that writers do not queue for one row. Two connections can share a shard, so the order
-- of locks matters; it is one for everybody, and what comes later is never held while waiting for what
-- comes earlier:
--   1. devices being made, 2. fleet_devices, 3. devices being changed,
--   4. fleet_hours, error_hours, fleet_totals, each in the order of its key.

-- Nobody writes between the last event of the backfill and the first one of the triggers. In the order in
-- which record_sync_events() takes them, before anything else is locked.
LOCK TABLE devices, sync_events IN SHARE ROW EXCLUSIVE MODE;

-- Room for the next version of a row on its own page (fillfactor): those updates touch no index.
CREATE TABLE fleet_hours (
  hour        TIMESTAMPTZ(3) NOT NULL,
  shard       SMALLINT NOT NULL,
  events      BIGINT NOT NULL,
  failed      BIGINT NOT NULL,
  files       BIGINT NOT NULL,
  speed_sum   DOUBLE PRECISION NOT NULL,
  speed_count BIGINT NOT NULL,
  CONSTRAINT fleet_hours_pkey PRIMARY KEY (hour, shard)
) WITH (fillfactor = 50);

CREATE TABLE fleet_totals (
  shard  SMALLINT NOT NULL,
  events BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  files  BIGINT NOT NULL,
  CONSTRAINT fleet_totals_pkey PRIMARY KEY (shard)
) WITH (fillfactor = 10);

-- Not a column of fleet_totals: devices are made before they are locked, totals are moved on after.
CREATE TABLE fleet_devices (
  shard   SMALLINT NOT NULL,
  devices BIGINT NOT NULL,
  CONSTRAINT fleet_devices_pkey PRIMARY KEY (shard)
) WITH (fillfactor = 10);

-- Failures by what they said, '' where they said nothing, and by the site of their device at the time,
-- '' where it had none.
CREATE TABLE error_hours (
  hour      TIMESTAMPTZ(3) NOT NULL,
  site      TEXT COLLATE "C" NOT NULL DEFAULT '',
  pattern   TEXT COLLATE "C" NOT NULL DEFAULT '',
  shard     SMALLINT NOT NULL,
  failures  BIGINT NOT NULL,
  last_seen TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT error_hours_pkey PRIMARY KEY (hour, site, pattern, shard)
) WITH (fillfactor = 70);

-- Read by repeated failures within a window, from the index alone. The condition says NOT succeeded in other
-- words, so that nobody else can use it: with the same words the planner walks through the failures of the
-- whole fleet for one device's newest.
CREATE INDEX sync_events_failed_by_time ON sync_events (effective_at, device_id) WHERE total_errors > 0;

-- What an error message says once what differs from one occurrence to the next is folded: UUIDs, MAC
-- addresses and hexadecimal ids become <id>, numbers (times, versions, addresses too) <n>, runs of
-- whitespace one space. At most 200 characters, of the first 400; '' for no message.
-- Eight hexadecimal digits that are all letters are a word, all decimals a number.
CREATE FUNCTION error_pattern(message TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
  left(
    btrim(
      regexp_replace(
        regexp_replace(
          regexp_replace(
            left(message, 400),
            '\m(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|0x[0-9a-f]+|(?=[0-9a-f]{8})(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]*)\M',
            '<id>', 'gi'
          ),
          '[0-9]+(?:[.,:][0-9]+)*', '<n>', 'g'
        ),
        '\s+', ' ', 'g'
      )
    ),
    200
  ),
  ''
);

-- Hours are made with date_bin: date_trunc would look up the name of the zone for every event.
CREATE FUNCTION roll_up_sync_events() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE
  own_shard CONSTANT SMALLINT := pg_backend_pid() % 16;
BEGIN
  INSERT INTO fleet_hours AS known (hour, shard, events, failed, files, speed_sum, speed_count)
  SELECT
    date_bin('1 hour', fresh.received_at, '2000-01-01 00:00:00+00') AS hour,
    own_shard,
    count(*),
    count(*) FILTER (WHERE NOT fresh.succeeded),
    sum(fresh.total_files_synced),
    coalesce(sum(fresh.internet_speed), 0),
    count(fresh.internet_speed)
  FROM fresh
  GROUP BY 1
  ORDER BY 1
  ON CONFLICT (hour, shard) DO UPDATE SET
    events = known.events + excluded.events,
    failed = known.failed + excluded.failed,
    files = known.files + excluded.files,
    speed_sum = known.speed_sum + excluded.speed_sum,
    speed_count = known.speed_count + excluded.speed_count;

  -- Equal messages are folded once. The site is looked up device by device, as in record_sync_events().
  INSERT INTO error_hours AS known (hour, site, pattern, shard, failures, last_seen)
  SELECT
    failed.hour, failed.site, error_pattern(failed.error_message) AS pattern, own_shard,
    sum(failed.failures), max(failed.last_seen)
  FROM (
    SELECT
      date_bin('1 hour', fresh.received_at, '2000-01-01 00:00:00+00') AS hour,
      coalesce(device.site, '') COLLATE "C" AS site,
      fresh.error_message,
      count(*) AS failures,
      max(fresh.received_at) AS last_seen
    FROM fresh
    LEFT JOIN LATERAL (
      SELECT devices.site FROM devices WHERE devices.device_id = fresh.device_id LIMIT 1
    ) AS device ON TRUE
    WHERE NOT fresh.succeeded
    GROUP BY 1, 2, 3
  ) AS failed
  GROUP BY 1, 2, 3
  ORDER BY 1, 2, 3
  ON CONFLICT (hour, site, pattern, shard) DO UPDATE SET
    failures = known.failures + excluded.failures,
    last_seen = greatest(known.last_seen, excluded.last_seen);

  INSERT INTO fleet_totals AS known (shard, events, failed, files)
  SELECT own_shard, count(*), count(*) FILTER (WHERE NOT fresh.succeeded), sum(fresh.total_files_synced)
  FROM fresh
  HAVING count(*) > 0
  ON CONFLICT (shard) DO UPDATE SET
    events = known.events + excluded.events,
    failed = known.failed + excluded.failed,
    files = known.files + excluded.files;
  RETURN NULL;
END;
$$;

-- By row, unlike the events: nearly every write makes no device, and then this costs nothing.
CREATE FUNCTION count_device() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO fleet_devices AS known (shard, devices)
  VALUES (pg_backend_pid() % 16, 1)
  ON CONFLICT (shard) DO UPDATE SET devices = known.devices + 1;
  RETURN NULL;
END;
$$;

CREATE TRIGGER count_device AFTER INSERT ON devices
FOR EACH ROW EXECUTE FUNCTION count_device();

CREATE TRIGGER roll_up_sync_events AFTER INSERT ON sync_events
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION roll_up_sync_events();

INSERT INTO fleet_devices SELECT 0, count(*) FROM devices HAVING count(*) > 0;

INSERT INTO fleet_hours
SELECT
  date_bin('1 hour', sync_events.received_at, '2000-01-01 00:00:00+00'), 0, count(*), count(*) FILTER (WHERE NOT sync_events.succeeded),
  sum(sync_events.total_files_synced), coalesce(sum(sync_events.internet_speed), 0), count(sync_events.internet_speed)
FROM sync_events
GROUP BY 1;

INSERT INTO fleet_totals
SELECT 0, sum(fleet_hours.events), sum(fleet_hours.failed), sum(fleet_hours.files)
FROM fleet_hours
HAVING count(*) > 0;

INSERT INTO error_hours
SELECT
  date_bin('1 hour', sync_events.received_at, '2000-01-01 00:00:00+00'), coalesce(devices.site, ''),
  error_pattern(sync_events.error_message), 0, count(*), max(sync_events.received_at)
FROM sync_events
LEFT JOIN devices ON devices.device_id = sync_events.device_id
WHERE NOT sync_events.succeeded
GROUP BY 1, 2, 3;
