import { Prisma } from '../generated/prisma/client.js';
import type { AlertStatus, NotificationTransition } from '../generated/prisma/enums.js';

/**
 * Messages of one channel on their way at a time, over all replicas: a dead receiver then holds up nobody else, and a
 * slow one is not flooded.
 */
export const IN_FLIGHT = 2;

/** The log is printed as fast as it is read. */
const ROOM_OF_THE_LOG = 500;

/** Looked at for each channel in one claim: more than are sent, as many of them may have to wait for their openings. */
const CANDIDATES = 32;

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

/** Who claims, and how many of each channel it may hold: two, or what is said here. */
export interface Claimer {
  readonly id: string;
  readonly rooms: readonly { readonly id: number; readonly room: number }[];
}

/**
 * How many more of a channel this process may hold. None while another process holds any: it sends two at a time, and
 * two processes would send four.
 */
export function freeIn(channels: Prisma.Sql, claimer: Claimer): Prisma.Sql {
  const inFlight = Prisma.sql`
    SELECT 1 FROM notifications AS in_flight
    WHERE in_flight.channel_id = ${channels}.id
      AND in_flight.lease_token IS NOT NULL
      AND in_flight.leased_until > CURRENT_TIMESTAMP`;
  return Prisma.sql`(
    CASE
      WHEN ${channels}.kind = 'log' THEN ${ROOM_OF_THE_LOG}::integer
      WHEN EXISTS (${inFlight} AND in_flight.leased_by <> ${claimer.id}::uuid) THEN 0
      ELSE coalesce(
        (
          SELECT rooms.room FROM jsonb_to_recordset(${JSON.stringify(claimer.rooms)}::jsonb) AS rooms (id BIGINT, room INTEGER)
          WHERE rooms.id = ${channels}.id
        ),
        ${IN_FLIGHT}::integer
      )
    END
    - (SELECT count(*)::integer FROM (${inFlight}) AS in_flight)
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
  claimer: Claimer,
): Promise<CandidateRow[]> {
  const over = Prisma.sql`${digestOver}::integer`;
  return transaction.$queryRaw<CandidateRow[]>`
    WITH rooms AS MATERIALIZED (
      SELECT
        channels.id,
        ${freeIn(Prisma.sql`channels`, claimer)} AS free,
        channels.kind <> 'log' AND ${over} > 0 AND (
          ${over} < (SELECT count(*) FROM (
            SELECT 1 FROM notifications AS untold
            WHERE untold.channel_id = channels.id
              AND untold.status = 'pending' AND untold.first_attempt_at IS NULL
              AND untold.alert_id IS NOT NULL
            ORDER BY untold.id
            LIMIT ${over} + 1
          ) AS untold)
          OR ${over} < (SELECT count(*) FROM (
            SELECT 1 FROM notifications AS recent
            WHERE recent.channel_id = channels.id
              AND recent.created_at > CURRENT_TIMESTAMP - INTERVAL '1 minute'
              AND recent.alert_id IS NOT NULL
            ORDER BY recent.created_at
            LIMIT ${over} + 1
          ) AS recent)
        ) AS is_storm
      FROM channels
      WHERE channels.id = ANY(${[...channelIds]}::bigint[])
    )
    SELECT
      rooms.id AS channel_id, rooms.free, rooms.is_storm,
      candidate.id, candidate.transition::text, candidate.first_attempt_at IS NOT NULL AS attempted,
      -- Asked one by one: the candidates are few, whatever the planner thinks.
      (
        SELECT alerts.status::text FROM alerts
        WHERE alerts.device_id = candidate.device_id AND alerts.id = candidate.alert_id
      ) AS alert_status,
      (SELECT devices.paused FROM devices WHERE devices.device_id = candidate.device_id) AS paused,
      (
        SELECT
          CASE
            WHEN opening.status = 'pending' THEN opening.next_attempt_at
            WHEN digest.status = 'pending' THEN digest.next_attempt_at
          END
        FROM notifications AS opening
        LEFT JOIN notifications AS digest ON digest.id = opening.merged_into
        WHERE opening.alert_id = candidate.alert_id
          AND opening.channel_id = candidate.channel_id
          AND opening.transition = 'opened'
          AND candidate.transition IN ('resolved', 'reminder')
      ) AS blocked_until
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
    ) AS candidate ON TRUE
    ORDER BY rooms.id, candidate.next_attempt_at, candidate.id`;
}
