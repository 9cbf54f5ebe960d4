import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** So that a digest of a whole fleet is written within its time; what is beyond it has its own, a minute later. */
const IN_ONE_DIGEST = 10_000;

/** A digest names the worst, for those who go there; the rest is behind its link. */
const WORST = 20;

/** A single transition in a storm waits for company. */
const ALONE_SECONDS = 5;

const DIGEST_WITHIN_MS = 15_000;

interface StormyChannel {
  is_soon: boolean;
  untold: number;
}

/** Many transitions owed to one channel become one message. */
@Injectable()
export class DigestRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Merges what a channel has not been told yet into one digest; at most one digest a minute. What comes before the
   * minute is over is put off until then.
   *
   * Left out is what must wait: the end of an alert whose opening is under way, and paused devices.
   *
   * @returns whether there is a digest to be sent
   */
  async sumUp(channelId: number): Promise<boolean> {
    return asked(() =>
      this.prisma.$transaction(
        async (transaction) => {
          const [channel] = await transaction.$queryRaw<StormyChannel[]>`
            SELECT
              coalesce(channels.last_digest_at > now() - INTERVAL '1 minute', FALSE) AS is_soon,
              (
                SELECT count(*)::integer FROM (
                  SELECT 1 FROM notifications AS untold
                  WHERE untold.channel_id = channels.id
                    AND untold.status = 'pending' AND untold.first_attempt_at IS NULL
                    AND untold.alert_id IS NOT NULL
                  ORDER BY untold.id
                  LIMIT 2
                ) AS untold
              ) AS untold
            FROM channels
            WHERE channels.id = ${channelId}::bigint AND channels.enabled AND channels.kind <> 'log'
            FOR NO KEY UPDATE OF channels SKIP LOCKED`;
          if (!channel) return false;
          if (!channel.is_soon && channel.untold > 1) {
            await dropReminders(transaction, channelId);
            const isMade = await merge(transaction, channelId);
            if (isMade) return true;
          }
          await putOff(transaction, channelId);
          return false;
        },
        { timeout: DIGEST_WITHIN_MS },
      ),
    );
  }
}

/** Of alerts that are no longer open: they would be counted as still open. */
async function dropReminders(transaction: Prisma.TransactionClient, channelId: number): Promise<void> {
  await transaction.$executeRaw`
    UPDATE notifications SET status = 'merged', finished_at = now()
    FROM alerts
    WHERE notifications.channel_id = ${channelId}::bigint
      AND notifications.status = 'pending'
      AND notifications.first_attempt_at IS NULL
      AND notifications.transition = 'reminder'
      AND alerts.device_id = notifications.device_id
      AND alerts.id = notifications.alert_id
      AND alerts.status <> 'open'`;
}

/**
 * One statement, so that the digest tells exactly what was merged into it. Its facts are those of
 * src/notifications/message.ts, DigestFacts.
 */
async function merge(transaction: Prisma.TransactionClient, channelId: number): Promise<boolean> {
  const digests = await transaction.$queryRaw<unknown[]>`
    WITH digest AS MATERIALIZED (
      SELECT nextval(pg_get_serial_sequence('notifications', 'id')) AS id
    ),
    part AS (
      SELECT untold.id
      FROM notifications AS untold
      JOIN devices ON devices.device_id = untold.device_id AND NOT devices.paused
      LEFT JOIN notifications AS opening
        ON opening.alert_id = untold.alert_id
        AND opening.channel_id = untold.channel_id
        AND opening.transition = 'opened'
        AND untold.transition <> 'opened'
      LEFT JOIN notifications AS earlier ON earlier.id = opening.merged_into
      WHERE untold.channel_id = ${channelId}::bigint
        AND untold.status = 'pending' AND untold.first_attempt_at IS NULL
        AND untold.alert_id IS NOT NULL
        AND NOT coalesce(opening.status = 'pending' AND opening.first_attempt_at IS NOT NULL, FALSE)
        AND NOT coalesce(earlier.status = 'pending', FALSE)
      ORDER BY untold.id
      LIMIT ${IN_ONE_DIGEST}::integer
      FOR UPDATE OF untold SKIP LOCKED
    ),
    merged AS (
      UPDATE notifications
      SET status = 'merged', merged_into = digest.id, finished_at = now()
      FROM part, digest
      WHERE notifications.id = part.id
      RETURNING
        notifications.alert_id, notifications.device_id, notifications.transition, notifications.created_at,
        notifications.facts ->> 'site' AS site, notifications.facts ->> 'kind' AS kind
    ),
    groups AS (
      SELECT
        merged.site, merged.kind,
        count(*) FILTER (WHERE merged.transition = 'opened') AS opened,
        count(*) FILTER (WHERE merged.transition = 'resolved') AS resolved,
        count(*) FILTER (WHERE merged.transition = 'reminder') AS reminders
      FROM merged
      GROUP BY merged.site, merged.kind
    ),
    worst AS (
      SELECT alerts.*
      FROM (SELECT DISTINCT merged.device_id, merged.alert_id FROM merged) AS told
      JOIN alerts ON alerts.device_id = told.device_id AND alerts.id = told.alert_id
      ORDER BY alerts.resolved_at IS NOT NULL, alerts.consecutive_failures DESC, alerts.opened_at, alerts.id
      LIMIT ${WORST}::integer
    ),
    made AS (
      INSERT INTO notifications (id, channel_id, transition, facts)
      SELECT digest.id, ${channelId}::bigint, 'digest', jsonb_build_object(
        'total', (SELECT count(*) FROM merged),
        'groups', (
          SELECT jsonb_agg(to_jsonb(groups) ORDER BY
            groups.opened + groups.reminders - groups.resolved DESC, groups.opened DESC, groups.site, groups.kind)
          FROM groups
        ),
        'worst', (
          SELECT jsonb_agg(alert_facts(worst::alerts) ORDER BY
            worst.resolved_at IS NOT NULL, worst.consecutive_failures DESC, worst.opened_at, worst.id)
          FROM worst
        ),
        'since', (SELECT wire_time(min(merged.created_at)) FROM merged),
        'until', (SELECT wire_time(max(merged.created_at)) FROM merged)
      )
      FROM digest
      WHERE EXISTS (SELECT 1 FROM merged)
      RETURNING notifications.channel_id
    )
    UPDATE channels SET last_digest_at = now()
    FROM made
    WHERE channels.id = made.channel_id
    RETURNING channels.id`;
  return digests.length > 0;
}

async function putOff(transaction: Prisma.TransactionClient, channelId: number): Promise<void> {
  await transaction.$executeRaw`
    UPDATE notifications
    SET next_attempt_at = channel.next_digest_at
    FROM (
      SELECT greatest(
        channels.last_digest_at + INTERVAL '1 minute',
        now() + ${ALONE_SECONDS}::integer * INTERVAL '1 second'
      ) AS next_digest_at
      FROM channels
      WHERE channels.id = ${channelId}::bigint
    ) AS channel
    WHERE notifications.channel_id = ${channelId}::bigint
      AND notifications.status = 'pending'
      AND notifications.first_attempt_at IS NULL
      AND notifications.alert_id IS NOT NULL
      AND notifications.next_attempt_at < channel.next_digest_at`;
}
