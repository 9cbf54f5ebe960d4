import { Prisma } from '../generated/prisma/client.js';
import type { AlertStatus, NotificationTransition } from '../generated/prisma/enums.js';

/** A dead receiver then holds up two sends at a time, whatever the number of replicas, and a slow one is not flooded. */
const IN_FLIGHT = 2;

/** The log is no receiver that could be flooded. */
const IN_FLIGHT_OF_THE_LOG = 500;

/** Looked at for each channel in one claim: more than two, as many of them may have to wait for their openings. */
const CANDIDATES = 64;

export interface CandidateRow {
  channel_id: bigint;
  free: number;
  is_storm: boolean;
  /** Null in the one row of a channel that has no candidate. */
  id: bigint | null;
  transition: NotificationTransition;
  attempted: boolean;
  alert_status: AlertStatus | null;
  paused: boolean | null;
  blocked_until: Date | null;
}

/** How many more of a channel may be in flight. */
export function freeIn(channels: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(
    CASE ${channels}.kind WHEN 'log' THEN ${IN_FLIGHT_OF_THE_LOG}::integer ELSE ${IN_FLIGHT}::integer END
    - (
      SELECT count(*)::integer FROM notifications AS in_flight
      WHERE in_flight.channel_id = ${channels}.id
        AND in_flight.lease_token IS NOT NULL
        AND in_flight.leased_until > CURRENT_TIMESTAMP
    )
  )`;
}

/**
 * What is due, in its order, and what it depends on; of a storm only what cannot be in a digest. One statement, so
 * that storm and candidates are seen at the same instant: what was committed at once is counted before any is sent.
 *
 * The log knows no storm: it disturbs nobody, and is searched for single devices.
 */
export function candidates(
  transaction: Prisma.TransactionClient,
  channelIds: readonly number[],
  digestOver: number,
): Promise<CandidateRow[]> {
  const over = Prisma.sql`${digestOver}::integer`;
  return transaction.$queryRaw<CandidateRow[]>`
    WITH rooms AS MATERIALIZED (
      SELECT
        channels.id,
        ${freeIn(Prisma.sql`channels`)} AS free,
        channels.kind <> 'log' AND ${over} > 0 AND (
          ${over} < (SELECT count(*) FROM (
            SELECT 1 FROM notifications AS untold
            WHERE untold.channel_id = channels.id
              AND untold.status = 'pending' AND untold.first_attempt_at IS NULL
              AND untold.alert_id IS NOT NULL
            LIMIT ${over} + 1
          ) AS untold)
          OR ${over} < (SELECT count(*) FROM (
            SELECT 1 FROM notifications AS recent
            WHERE recent.channel_id = channels.id
              AND recent.created_at > CURRENT_TIMESTAMP - INTERVAL '1 minute'
              AND recent.alert_id IS NOT NULL
            LIMIT ${over} + 1
          ) AS recent)
        ) AS is_storm
      FROM channels
      WHERE channels.id = ANY(${[...channelIds]}::bigint[])
    )
    SELECT
      rooms.id AS channel_id, rooms.free, rooms.is_storm,
      candidate.id, candidate.transition::text, candidate.first_attempt_at IS NOT NULL AS attempted,
      alerts.status::text AS alert_status, devices.paused,
      CASE
        WHEN opening.status = 'pending' THEN opening.next_attempt_at
        WHEN digest.status = 'pending' THEN digest.next_attempt_at
      END AS blocked_until
    FROM rooms
    LEFT JOIN LATERAL (
      SELECT due.* FROM notifications AS due
      WHERE due.channel_id = rooms.id
        AND rooms.free > 0
        AND due.status = 'pending'
        AND due.next_attempt_at <= CURRENT_TIMESTAMP(3)
        AND (due.first_attempt_at IS NOT NULL OR due.alert_id IS NULL OR NOT rooms.is_storm)
      ORDER BY due.next_attempt_at, due.id
      LIMIT ${CANDIDATES}::integer
      FOR UPDATE SKIP LOCKED
    ) AS candidate ON TRUE
    LEFT JOIN alerts ON alerts.device_id = candidate.device_id AND alerts.id = candidate.alert_id
    LEFT JOIN devices ON devices.device_id = candidate.device_id
    LEFT JOIN notifications AS opening
      ON opening.alert_id = candidate.alert_id
      AND opening.channel_id = candidate.channel_id
      AND opening.transition = 'opened'
      AND candidate.transition IN ('resolved', 'reminder')
    LEFT JOIN notifications AS digest ON digest.id = opening.merged_into
    ORDER BY rooms.id, candidate.next_attempt_at, candidate.id`;
}
