import { Prisma } from '../generated/prisma/client.js';
import type { CandidateRow } from './outbox-candidates.js';
import {
  Candidate,
  CandidateStep,
  claimedNotification,
  ClaimedNotification,
  ClaimedRow,
} from './outbox.row.js';

/**
 * How long a claimed notification is its process's own: longer than the longest delivery, and short enough that what
 * a killed process leaves behind is taken over within a minute.
 */
export const LEASE_SECONDS = 40;

/** What waits for nothing that has a time of its own (a paused device) is looked at again after this. */
const WAIT_SECONDS = 60;

interface Postponed {
  readonly id: number;
  readonly until: Date | null;
}

/** What is to be done with each candidate; of those that may be sent, as many as their channel has room for. */
export interface Steps {
  readonly send: number[];
  readonly pass: number[];
  readonly drop: number[];
  readonly wait: Postponed[];
}

export function stepsOf(
  rows: readonly CandidateRow[],
  judge: (candidate: Candidate) => CandidateStep,
): Steps {
  const steps: Steps = { send: [], pass: [], drop: [], wait: [] };
  const free = new Map(rows.map((row) => [row.channel_id, row.free]));
  for (const row of rows) {
    if (row.id === null) continue;
    const id = Number(row.id);
    const step = judge({
      transition: row.transition,
      attempted: row.attempted,
      alertStatus: row.alert_status,
      devicePaused: row.paused ?? false,
      blockedUntil: row.blocked_until,
    });
    if (step === 'drop') steps.drop.push(id);
    else if (step === 'wait') steps.wait.push({ id, until: row.blocked_until });
    else {
      const room = free.get(row.channel_id) ?? 0;
      if (room <= 0) continue;
      free.set(row.channel_id, room - 1);
      (step === 'send' ? steps.send : steps.pass).push(id);
    }
  }
  return steps;
}

/** Not sent, and never will be. */
export async function drop(transaction: Prisma.TransactionClient, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await transaction.$executeRaw`
    UPDATE notifications SET status = 'merged', finished_at = now(), lease_token = NULL, leased_until = NULL
    WHERE notifications.id = ANY(${[...ids]}::bigint[]) AND notifications.status = 'pending'`;
}

/** Openings that go out as the whole story: the alert as it ended, and nothing more to be told of it. */
export async function markPassed(
  transaction: Prisma.TransactionClient,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return;
  await transaction.$executeRaw`
    UPDATE notifications SET passed = TRUE, facts = alert_facts(alerts)
    FROM alerts
    WHERE notifications.id = ANY(${[...ids]}::bigint[])
      AND notifications.status = 'pending'
      AND notifications.first_attempt_at IS NULL
      AND alerts.device_id = notifications.device_id
      AND alerts.id = notifications.alert_id`;
  await transaction.$executeRaw`
    UPDATE notifications SET status = 'merged', merged_into = opening.id, finished_at = now()
    FROM notifications AS opening
    WHERE opening.id = ANY(${[...ids]}::bigint[])
      AND opening.passed
      AND notifications.alert_id = opening.alert_id
      AND notifications.channel_id = opening.channel_id
      AND notifications.transition IN ('resolved', 'reminder')
      AND notifications.status = 'pending'`;
}

/**
 * Out of the way of what is due behind them, until what they wait for is tried next. Its end calls them back at once;
 * should the two miss each other, they are only late.
 */
export async function postpone(
  transaction: Prisma.TransactionClient,
  waiting: readonly Postponed[],
): Promise<void> {
  if (waiting.length === 0) return;
  await transaction.$executeRaw`
    UPDATE notifications
    SET next_attempt_at = greatest(
      coalesce(waiting.until, now() + ${WAIT_SECONDS}::integer * INTERVAL '1 second'),
      now() + INTERVAL '1 second'
    )
    FROM jsonb_to_recordset(${JSON.stringify(waiting)}::jsonb) AS waiting (id BIGINT, until TIMESTAMPTZ)
    WHERE notifications.id = ANY(${waiting.map(({ id }) => id)}::bigint[])
      AND notifications.id = waiting.id
      AND notifications.status = 'pending'`;
}

/** Leases notifications to this process. @param ids a query of one column; its rows are locked */
export async function lease(
  client: Prisma.TransactionClient,
  holder: string,
  ids: Prisma.Sql,
): Promise<ClaimedNotification[]> {
  const rows = await client.$queryRaw<ClaimedRow[]>`
    UPDATE notifications
    SET
      lease_token = gen_random_uuid(),
      leased_by = ${holder}::uuid,
      leased_until = now() + ${LEASE_SECONDS}::integer * INTERVAL '1 second',
      -- Then it is anybody's.
      next_attempt_at = now() + ${LEASE_SECONDS}::integer * INTERVAL '1 second',
      first_attempt_at = coalesce(notifications.first_attempt_at, now()),
      attempts = notifications.attempts + 1
    FROM channels
    -- As an array, so that the locking query runs once.
    WHERE notifications.id = ANY(ARRAY(${ids})) AND channels.id = notifications.channel_id
    RETURNING
      notifications.id, notifications.lease_token, notifications.message_id, notifications.transition::text,
      notifications.passed, notifications.alert_id, notifications.facts, notifications.created_at,
      notifications.attempts, channels.id AS channel_id, channels.kind::text AS channel_kind, channels.url,
      channels.recipients, channels.secret, channels.previous_secret, channels.previous_secret_until`;
  return rows.map(claimedNotification).sort((one, other) => one.id - other.id);
}
