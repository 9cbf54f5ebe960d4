DROP FUNCTION record_sync_events(
  TEXT[], TEXT[], TIMESTAMPTZ[], TIMESTAMPTZ[], TIMESTAMPTZ[], clock_verdict[], INTEGER[], INTEGER[], DOUBLE PRECISION[], TEXT[]
);

-- Records sync events: all of them or, on an error, none.
--
-- Takes the events as one array a field, the order of arrival being the order in the arrays.
-- Answers one row an event: `recorded`, `duplicate` (its event_id is stored with the same content)
-- or `conflict` (stored with other content), the stored event's id, times and clock verdict, and the
-- device's failure streak before and after this call.
--
-- What it guarantees: afterwards each device's counters and streak equal those recomputed from its
-- stored events, whatever was recorded before, in whatever order and by however many callers at once.
--
-- Why a function and not one statement: a statement's snapshot is older than the locks it waits for,
-- so streaks judged from it are wrong under concurrency. Here each statement takes a new snapshot
-- (VOLATILE), and the second one runs after the locks were granted, in one round trip.
--
-- Why sequential scans are off, and why tables are looked up row by row (LATERAL ... LIMIT 1, ON
-- CONFLICT): the plan is made while the tables are still small and then kept. Probing the indexes is
-- right at every size; a plan that walks a table of three rows is a disaster at a million.
CREATE FUNCTION record_sync_events(
  device_ids     TEXT[],
  event_ids      TEXT[],
  reported_ats   TIMESTAMPTZ[],
  received_ats   TIMESTAMPTZ[],
  effective_ats  TIMESTAMPTZ[],
  clocks         clock_verdict[],
  files_synced   INTEGER[],
  error_counts   INTEGER[],
  speeds         DOUBLE PRECISION[],
  error_messages TEXT[]
) RETURNS TABLE (
  item          INTEGER,
  outcome       TEXT,
  id            BIGINT,
  received_at   TIMESTAMPTZ,
  effective_at  TIMESTAMPTZ,
  clock         clock_verdict,
  streak_before INTEGER,
  streak_after  INTEGER
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
  -- Devices are made and locked in the order of their ids, so that two callers with the same devices
  -- wait for each other instead of dying of deadlock.
  INSERT INTO devices (device_id, first_seen_at, last_contact_at)
  SELECT given.device_id, min(given.received_at), max(given.received_at)
  FROM unnest(device_ids, received_ats) AS given (device_id, received_at)
  GROUP BY given.device_id
  ORDER BY given.device_id COLLATE "C"
  ON CONFLICT (device_id) DO NOTHING;

  PERFORM 1
  FROM devices
  WHERE devices.device_id = ANY (device_ids)
  ORDER BY devices.device_id
  FOR NO KEY UPDATE;

  RETURN QUERY
  WITH given AS (
    SELECT
      arrays.*,
      arrays.error_count = 0 AS succeeded,
      row_number() OVER same_event AS repetition,
      first_value(arrays.item) OVER same_event AS first_item,
      -- Only an event_id makes two items of one call the same event.
      (arrays.reported_at, arrays.files, arrays.error_count, arrays.speed, arrays.message) IS NOT DISTINCT FROM (
        first_value(arrays.reported_at) OVER same_event,
        first_value(arrays.files) OVER same_event,
        first_value(arrays.error_count) OVER same_event,
        first_value(arrays.speed) OVER same_event,
        first_value(arrays.message) OVER same_event
      ) AS same_as_first
    FROM unnest(
        device_ids, event_ids, reported_ats, received_ats, effective_ats, clocks,
        files_synced, error_counts, speeds, error_messages
      ) WITH ORDINALITY AS arrays (
        device_id, event_id, reported_at, received_at, effective_at, clock,
        files, error_count, speed, message, item
      )
    WINDOW same_event AS (
      PARTITION BY arrays.device_id, arrays.event_id, CASE WHEN arrays.event_id IS NULL THEN arrays.item END
      ORDER BY arrays.item
    )
  ),
  compared AS (
    SELECT
      given.*,
      stored.id AS stored_id,
      stored.received_at AS stored_received_at,
      stored.effective_at AS stored_effective_at,
      stored.clock AS stored_clock,
      CASE
        WHEN stored.id IS NULL AND given.repetition = 1 THEN 'recorded'
        WHEN stored.id IS NULL AND given.same_as_first THEN 'duplicate'
        WHEN stored.id IS NULL THEN 'conflict'
        WHEN (given.reported_at, given.files, given.error_count, given.speed, given.message) IS NOT DISTINCT FROM
          (stored.reported_at, stored.total_files_synced, stored.total_errors, stored.internet_speed, stored.error_message)
          THEN 'duplicate'
        ELSE 'conflict'
      END AS outcome
    FROM given
    LEFT JOIN LATERAL (
      SELECT sync_events.*
      FROM sync_events
      WHERE sync_events.device_id = given.device_id AND sync_events.event_id = given.event_id
      LIMIT 1
    ) AS stored ON TRUE
    ORDER BY given.item
  ),
  numbered AS (
    SELECT
      compared.*,
      compared.outcome = 'recorded' AS fresh,
      CASE WHEN compared.outcome = 'recorded' THEN nextval('sync_events_id_seq') ELSE compared.stored_id END AS event_number
    FROM compared
  ),
  -- What this call brings each device, on every row of the device; `place` 1 is its newest failure,
  -- or any row where none failed.
  beside_device AS (
    SELECT
      numbered.*,
      known.consecutive_failures AS known_streak,
      known.last_success_at AS known_success,
      known.last_failure_at AS known_failure,
      greatest(
        known.last_success_at,
        max(numbered.effective_at) FILTER (WHERE numbered.fresh AND numbered.succeeded) OVER of_device
      ) AS newest_success,
      row_number() OVER (
        of_device
        ORDER BY (numbered.fresh AND NOT numbered.succeeded) DESC, numbered.effective_at DESC, numbered.item DESC
      ) AS place
    FROM numbered
    CROSS JOIN LATERAL (
      SELECT devices.consecutive_failures, devices.last_success_at, devices.last_failure_at
      FROM devices
      WHERE devices.device_id = numbered.device_id
      LIMIT 1
    ) AS known
    WINDOW of_device AS (PARTITION BY numbered.device_id)
  ),
  -- The streak is counted on from the known one: plus the failures brought that are later than the
  -- newest success, minus the stored ones that a newer success now ends. Each failure is subtracted
  -- at most once in its life, so the recount is bounded by what was recorded.
  judged AS (
    SELECT
      beside_device.*,
      count(*) FILTER (
        WHERE beside_device.fresh
          AND NOT beside_device.succeeded
          AND (beside_device.newest_success IS NULL OR beside_device.effective_at > beside_device.newest_success)
      ) OVER of_device
      + max(
        CASE
          WHEN beside_device.place > 1 THEN 0
          WHEN beside_device.newest_success IS NOT DISTINCT FROM beside_device.known_success THEN beside_device.known_streak
          WHEN beside_device.known_streak = 0 OR beside_device.known_failure <= beside_device.newest_success THEN 0
          ELSE beside_device.known_streak - (
            SELECT count(*)
            FROM sync_events AS ended
            WHERE ended.device_id = beside_device.device_id
              AND NOT ended.succeeded
              AND ended.effective_at > coalesce(beside_device.known_success, '-infinity')
              AND ended.effective_at <= beside_device.newest_success
          )
        END
      ) OVER of_device AS streak
    FROM beside_device
    WINDOW of_device AS (PARTITION BY beside_device.device_id)
  ),
  stored_events AS (
    INSERT INTO sync_events (
      device_id, effective_at, succeeded, id, event_id, reported_at, received_at, clock,
      total_files_synced, total_errors, internet_speed, error_message
    )
    SELECT
      numbered.device_id, numbered.effective_at, numbered.succeeded, numbered.event_number, numbered.event_id,
      numbered.reported_at, numbered.received_at, numbered.clock,
      numbered.files, numbered.error_count, numbered.speed, numbered.message
    FROM numbered
    WHERE numbered.fresh
  ),
  counted AS (
    INSERT INTO devices AS device (
      device_id, first_seen_at, last_contact_at, last_success_at, last_failure_at, last_error_message,
      total_syncs, total_failed_syncs, total_files_synced, consecutive_failures
    )
    SELECT
      judged.device_id,
      min(judged.received_at),
      max(judged.received_at),
      max(judged.newest_success),
      max(judged.effective_at) FILTER (WHERE NOT judged.succeeded),
      max(judged.message) FILTER (WHERE NOT judged.succeeded AND judged.place = 1),
      count(*),
      count(*) FILTER (WHERE NOT judged.succeeded),
      sum(judged.files),
      max(judged.streak)
    FROM judged
    WHERE judged.fresh
    GROUP BY judged.device_id
    -- Always conflicts: the row was made and locked above.
    ON CONFLICT (device_id) DO UPDATE SET
      last_contact_at = greatest(device.last_contact_at, excluded.last_contact_at),
      last_success_at = excluded.last_success_at,
      last_failure_at = greatest(device.last_failure_at, excluded.last_failure_at),
      last_error_message = CASE
        WHEN device.last_failure_at IS NULL OR excluded.last_failure_at >= device.last_failure_at THEN excluded.last_error_message
        ELSE device.last_error_message
      END,
      total_syncs = device.total_syncs + excluded.total_syncs,
      total_failed_syncs = device.total_failed_syncs + excluded.total_failed_syncs,
      total_files_synced = device.total_files_synced + excluded.total_files_synced,
      consecutive_failures = excluded.consecutive_failures
  )
  SELECT
    judged.item::INTEGER,
    judged.outcome,
    coalesce(judged.event_number, first_value(judged.event_number) OVER same_event),
    coalesce(judged.stored_received_at, first_value(judged.received_at) OVER same_event),
    coalesce(judged.stored_effective_at, first_value(judged.effective_at) OVER same_event),
    coalesce(judged.stored_clock, first_value(judged.clock) OVER same_event),
    judged.known_streak,
    judged.streak::INTEGER
  FROM judged
  WINDOW same_event AS (PARTITION BY judged.first_item ORDER BY judged.item);
END;
$$;
