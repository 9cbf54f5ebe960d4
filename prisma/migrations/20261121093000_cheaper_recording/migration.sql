-- The same function for less: a fifth of PostgreSQL's time for a write went into windows over the events
-- that one pass over the devices does as well, and into making devices that nearly always exist.

DROP FUNCTION record_sync_events(
  TEXT[], TEXT[], TIMESTAMPTZ[], TIMESTAMPTZ[], TIMESTAMPTZ[], clock_verdict[], INTEGER[], INTEGER[], DOUBLE PRECISION[], TEXT[]
);

-- Records sync events: all of them or, on an error, none.
--
-- Takes the events as one array a field, the order of arrival being the order in the arrays; an array that
-- is NULL stands for NULLs. No two of them may be the same event (device and event_id).
-- Answers one row an event, in their order: `recorded`, `duplicate` (its event_id is stored with the same
-- content) or `conflict` (stored with other content), the stored event's id, times and clock verdict, the
-- device's failure streak before and after this call, and whether a silent alert of it was unresolved.
--
-- What it guarantees: afterwards each device's counters and streak equal those recomputed from its
-- stored events, whatever was recorded before, in whatever order and by however many callers at once.
--
-- Why a function and not one statement: a statement's snapshot is older than the locks it waits for,
-- so streaks judged from it are wrong under concurrency. Here each statement takes a new snapshot
-- (VOLATILE), and the last one runs after the locks were granted, in one round trip.
--
-- Why sequential scans are off, and why tables are looked up row by row (LATERAL ... LIMIT 1): the plan
-- is made while the tables are still small and then kept. Probing the indexes is right at every size; a
-- plan that walks a table of three rows is a disaster at a million.
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
  streak_after  INTEGER,
  was_silent    BOOLEAN
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
  -- Devices are made and locked in the order of their ids, so that two callers with the same devices
  -- wait for each other instead of dying of deadlock. Nearly every call finds them all made.
  IF (SELECT count(*) FROM devices WHERE devices.device_id = ANY (device_ids))
    < (SELECT count(DISTINCT given.device_id) FROM unnest(device_ids) AS given (device_id))
  THEN
    INSERT INTO devices (device_id, first_seen_at, last_contact_at)
    SELECT given.device_id, min(given.received_at), max(given.received_at)
    FROM unnest(device_ids, received_ats) AS given (device_id, received_at)
    GROUP BY given.device_id
    ORDER BY given.device_id COLLATE "C"
    ON CONFLICT (device_id) DO NOTHING;
  END IF;

  PERFORM FROM devices
  WHERE devices.device_id = ANY (device_ids)
  ORDER BY devices.device_id
  FOR NO KEY UPDATE;

  RETURN QUERY
  WITH given AS (
    SELECT
      arrays.*,
      arrays.error_count = 0 AS succeeded,
      stored.id IS NULL AS fresh,
      coalesce(stored.id, nextval('sync_events_id_seq')) AS event_number,
      coalesce(stored.received_at, arrays.received_at) AS kept_received_at,
      coalesce(stored.effective_at, arrays.effective_at) AS kept_effective_at,
      coalesce(stored.clock, arrays.clock) AS kept_clock,
      stored.id IS NOT NULL AND (arrays.reported_at, arrays.files, arrays.error_count, arrays.speed, arrays.message) IS NOT DISTINCT FROM
        (stored.reported_at, stored.total_files_synced, stored.total_errors, stored.internet_speed, stored.error_message)
        AS same_as_stored
    FROM unnest(
        device_ids, event_ids, reported_ats, received_ats, effective_ats, clocks,
        files_synced, error_counts, speeds, error_messages
      ) WITH ORDINALITY AS arrays (
        device_id, event_id, reported_at, received_at, effective_at, clock,
        files, error_count, speed, message, item
      )
    LEFT JOIN LATERAL (
      SELECT sync_events.*
      FROM sync_events
      WHERE sync_events.device_id = arrays.device_id AND sync_events.event_id = arrays.event_id
      LIMIT 1
    ) AS stored ON TRUE
  ),
  -- What this call brings each device. A LIMIT keeps the planner from joining whole tables.
  brought AS (
    SELECT
      summed.*,
      known.consecutive_failures AS known_streak,
      known.last_success_at AS known_success,
      known.last_failure_at AS known_failure,
      known.silence_due_at IS NULL AS was_silent,
      greatest(known.last_success_at, summed.success) AS newest_success
    FROM (
      SELECT
        given.device_id,
        count(*) FILTER (WHERE given.fresh) AS events,
        max(given.received_at) FILTER (WHERE given.fresh) AS contact,
        sum(given.files) FILTER (WHERE given.fresh) AS files,
        max(given.effective_at) FILTER (WHERE given.fresh AND given.succeeded) AS success,
        array_agg(given.effective_at) FILTER (WHERE given.fresh AND NOT given.succeeded) AS failures,
        max(given.effective_at) FILTER (WHERE given.fresh AND NOT given.succeeded) AS failure,
        (array_agg(given.message ORDER BY given.effective_at DESC, given.item DESC)
          FILTER (WHERE given.fresh AND NOT given.succeeded))[1] AS message
      FROM given
      GROUP BY given.device_id
    ) AS summed
    CROSS JOIN LATERAL (
      SELECT devices.consecutive_failures, devices.last_success_at, devices.last_failure_at, devices.silence_due_at
      FROM devices
      WHERE devices.device_id = summed.device_id
      LIMIT 1
    ) AS known
  ),
  -- The streak is counted on from the known one: plus the failures brought that are later than the
  -- newest success, minus the stored ones that a newer success now ends. Each failure is subtracted
  -- at most once in its life, so the recount is bounded by what was recorded.
  judged AS (
    SELECT
      brought.*,
      CASE
        WHEN brought.failures IS NULL THEN 0
        ELSE (
          SELECT count(*)
          FROM unnest(brought.failures) AS failure (at)
          WHERE brought.newest_success IS NULL OR failure.at > brought.newest_success
        )
      END
      + CASE
        WHEN brought.newest_success IS NOT DISTINCT FROM brought.known_success THEN brought.known_streak
        WHEN brought.known_streak = 0 OR brought.known_failure <= brought.newest_success THEN 0
        ELSE brought.known_streak - (
          SELECT count(*)
          FROM sync_events AS ended
          WHERE ended.device_id = brought.device_id
            AND NOT ended.succeeded
            AND ended.effective_at > coalesce(brought.known_success, '-infinity')
            AND ended.effective_at <= brought.newest_success
        )
      END AS streak
    FROM brought
  ),
  stored_events AS (
    INSERT INTO sync_events (
      device_id, effective_at, succeeded, id, event_id, reported_at, received_at, clock,
      total_files_synced, total_errors, internet_speed, error_message
    )
    SELECT
      given.device_id, given.effective_at, given.succeeded, given.event_number, given.event_id,
      given.reported_at, given.received_at, given.clock,
      given.files, given.error_count, given.speed, given.message
    FROM given
    WHERE given.fresh
  ),
  counted AS (
    UPDATE devices
    SET
      last_contact_at = greatest(devices.last_contact_at, judged.contact),
      last_success_at = judged.newest_success,
      last_failure_at = greatest(devices.last_failure_at, judged.failure),
      last_error_message = CASE
        WHEN judged.failure >= devices.last_failure_at OR judged.failure IS NOT NULL AND devices.last_failure_at IS NULL
          THEN judged.message
        ELSE devices.last_error_message
      END,
      total_syncs = devices.total_syncs + judged.events,
      total_failed_syncs = devices.total_failed_syncs + coalesce(cardinality(judged.failures), 0),
      total_files_synced = devices.total_files_synced + judged.files,
      consecutive_failures = judged.streak
    FROM judged
    WHERE devices.device_id = judged.device_id AND judged.events > 0
  )
  SELECT
    given.item::INTEGER,
    CASE WHEN given.fresh THEN 'recorded' WHEN given.same_as_stored THEN 'duplicate' ELSE 'conflict' END,
    given.event_number,
    given.kept_received_at,
    given.kept_effective_at,
    given.kept_clock,
    judged.known_streak,
    judged.streak::INTEGER,
    judged.was_silent
  FROM given
  JOIN judged ON judged.device_id = given.device_id
  ORDER BY given.item;
END;
$$;
