import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import type { Outcome } from './outbox.row.js';
import { PrismaService } from './prisma.service.js';

/** What became of the notifications that were claimed. */
@Injectable()
export class OutcomeRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Writes outcomes down, each only if its lease is still the one it was claimed with: a process that was frozen
   * meanwhile does not undo what another one did. Safe to repeat.
   *
   * An opening, or a digest of openings, that has ended calls back what waits for it.
   *
   * @returns the notifications that it was still the right of this process to finish
   */
  async record(outcomes: readonly Outcome[]): Promise<number[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<{ id: bigint }[]>`
        WITH finished AS (
          UPDATE notifications
          SET
            status = outcome.status::notification_status,
            finished_at = CASE WHEN outcome.status <> 'pending' THEN now() END,
            next_attempt_at = CASE
              WHEN outcome.status = 'pending' THEN now() + outcome."delaySeconds" * INTERVAL '1 second'
              ELSE notifications.next_attempt_at
            END,
            attempts = notifications.attempts - CASE WHEN outcome.unsent THEN 1 ELSE 0 END,
            last_failure = CASE WHEN outcome.unsent THEN notifications.last_failure ELSE outcome.failure END,
            last_status = CASE WHEN outcome.unsent THEN notifications.last_status ELSE outcome."httpStatus" END,
            lease_token = NULL,
            leased_until = NULL
          FROM jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) AS outcome (
            id BIGINT, "leaseToken" UUID, status TEXT, "delaySeconds" DOUBLE PRECISION, unsent BOOLEAN,
            failure TEXT, "httpStatus" INTEGER, disables TEXT
          )
          -- The list of ids is for the planner, who knows nothing of the length of a recordset.
          WHERE notifications.id = ANY(${outcomes.map(({ id }) => id)}::bigint[])
            AND notifications.id = outcome.id
            AND notifications.lease_token = outcome."leaseToken"
          RETURNING
            notifications.id, notifications.channel_id, notifications.alert_id, notifications.transition,
            notifications.status, outcome.disables
        ),
        told AS (
          SELECT finished.channel_id, finished.alert_id
          FROM finished
          WHERE finished.status <> 'pending' AND finished.transition = 'opened'
          UNION ALL
          SELECT opening.channel_id, opening.alert_id
          FROM notifications AS opening
          WHERE opening.merged_into = ANY(ARRAY(
              SELECT finished.id FROM finished
              WHERE finished.status <> 'pending' AND finished.transition = 'digest'
            ))
            AND opening.transition = 'opened'
        ),
        called_back AS (
          UPDATE notifications
          SET next_attempt_at = now()
          WHERE notifications.alert_id = ANY(ARRAY(SELECT told.alert_id FROM told))
            AND (notifications.alert_id, notifications.channel_id) IN (SELECT told.alert_id, told.channel_id FROM told)
            AND notifications.transition IN ('resolved', 'reminder')
            AND notifications.status = 'pending'
            AND notifications.first_attempt_at IS NULL
            AND notifications.next_attempt_at > now()
        ),
        disabled AS (
          UPDATE channels
          SET enabled = FALSE, disabled_reason = finished.disables, updated_at = now()
          FROM finished
          WHERE channels.id = finished.channel_id AND finished.disables IS NOT NULL AND channels.enabled
        )
        SELECT finished.id FROM finished`,
    );
    return rows.map((row) => Number(row.id));
  }
}
