import { Injectable } from '@nestjs/common';
import {
  ChannelKind,
  NotificationStatus,
  NotificationTransition,
  Prisma,
} from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** What was owed to a channel, and what became of it. */
export interface StoredNotification {
  readonly id: number;
  readonly messageId: string;
  readonly channelId: number;
  readonly channelName: string;
  readonly channelKind: ChannelKind;
  /** Null of a digest and a test, like the device. */
  readonly alertId: number | null;
  readonly deviceId: string | null;
  readonly transition: NotificationTransition;
  readonly status: NotificationStatus;
  readonly passed: boolean;
  readonly mergedInto: number | null;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date;
  readonly finishedAt: Date | null;
  readonly lastFailure: string | null;
  readonly lastStatus: number | null;
}

export interface NotificationQuery {
  readonly status?: NotificationStatus;
  readonly channelId?: number;
  readonly alertId?: number;
  readonly deviceId?: string;
  /** Only what this one tells of, too. */
  readonly mergedInto?: number;
  /** Only notifications from before this one. */
  readonly beforeId?: number;
  readonly limit: number;
}

/** The delivery log, as people read it; src/database/outbox.repository.ts sends what is in it. */
@Injectable()
export class NotificationRepository {
  constructor(private readonly prisma: PrismaService) {}

  async find(id: number): Promise<StoredNotification | undefined> {
    const [notification] = await this.select([Prisma.sql`notifications.id = ${id}::bigint`], 1);
    return notification;
  }

  /** What was owed of one alert, to all channels, the newest first. */
  async ofAlert(alertId: number): Promise<StoredNotification[]> {
    return this.select([Prisma.sql`notifications.alert_id = ${alertId}::bigint`], null);
  }

  async newestFirst(query: NotificationQuery): Promise<StoredNotification[]> {
    const conditions: Prisma.Sql[] = [];
    if (query.status !== undefined)
      conditions.push(Prisma.sql`notifications.status = ${query.status}::notification_status`);
    // What the partial index says of its rows.
    if (query.status !== undefined && query.status !== 'delivered')
      conditions.push(Prisma.sql`notifications.status <> 'delivered'`);
    if (query.alertId !== undefined)
      conditions.push(Prisma.sql`notifications.alert_id = ${query.alertId}::bigint`);
    if (query.deviceId !== undefined)
      conditions.push(Prisma.sql`notifications.device_id = ${query.deviceId}`);
    if (query.mergedInto !== undefined)
      conditions.push(Prisma.sql`notifications.merged_into = ${query.mergedInto}::bigint`);
    const { channelId, beforeId = Number.MAX_SAFE_INTEGER } = query;
    if (channelId === undefined) conditions.push(Prisma.sql`notifications.id < ${beforeId}::bigint`);
    // As a range, because a plan for all channels would walk through everybody's for the few of a quiet one.
    else
      conditions.push(
        Prisma.sql`notifications.channel_id >= ${channelId}::bigint`,
        Prisma.sql`(notifications.channel_id, notifications.id) < (${channelId}::bigint, ${beforeId}::bigint)`,
      );
    const order = channelId === undefined ? Prisma.empty : Prisma.sql`notifications.channel_id DESC,`;
    return this.select(conditions, query.limit, order);
  }

  /**
   * Makes one that is dead or delivered pending again, as if it had just been owed; its id and content stay. In one
   * statement, so that of two replays at once one does it.
   *
   * @returns false when there is none, it is not finished, or its channel is disabled
   */
  async replay(id: number): Promise<boolean> {
    const replayed = await asked(
      () => this.prisma.$executeRaw`
        UPDATE notifications SET
          status = 'pending',
          attempts = 0,
          next_attempt_at = CURRENT_TIMESTAMP,
          finished_at = NULL
        FROM channels
        WHERE notifications.id = ${id}::bigint
          AND notifications.status IN ('dead', 'delivered')
          AND channels.id = notifications.channel_id
          AND channels.enabled`,
    );
    return replayed > 0;
  }

  private async select(
    conditions: Prisma.Sql[],
    limit: number | null,
    order = Prisma.empty,
  ): Promise<StoredNotification[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<NotificationRow[]>`
        SELECT
          notifications.id, notifications.message_id, notifications.channel_id,
          channels.name AS channel_name, channels.kind::text AS channel_kind,
          notifications.alert_id, notifications.device_id, notifications.transition::text,
          notifications.status::text, notifications.passed, notifications.merged_into, notifications.attempts,
          notifications.created_at, notifications.next_attempt_at, notifications.finished_at,
          notifications.last_failure, notifications.last_status
        FROM notifications
        JOIN channels ON channels.id = notifications.channel_id
        WHERE ${Prisma.join([Prisma.sql`TRUE`, ...conditions], ' AND ')}
        ORDER BY ${order} notifications.id DESC
        LIMIT ${limit}::integer`,
    );
    return rows.map(storedNotification);
  }
}

interface NotificationRow {
  id: bigint;
  message_id: string;
  channel_id: bigint;
  channel_name: string;
  channel_kind: ChannelKind;
  alert_id: bigint | null;
  device_id: string | null;
  transition: NotificationTransition;
  status: NotificationStatus;
  passed: boolean;
  merged_into: bigint | null;
  attempts: number;
  created_at: Date;
  next_attempt_at: Date;
  finished_at: Date | null;
  last_failure: string | null;
  last_status: number | null;
}

function storedNotification(row: NotificationRow): StoredNotification {
  return {
    id: Number(row.id),
    messageId: row.message_id,
    channelId: Number(row.channel_id),
    channelName: row.channel_name,
    channelKind: row.channel_kind,
    alertId: row.alert_id === null ? null : Number(row.alert_id),
    deviceId: row.device_id,
    transition: row.transition,
    status: row.status,
    passed: row.passed,
    mergedInto: row.merged_into === null ? null : Number(row.merged_into),
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAttemptAt: row.next_attempt_at,
    finishedAt: row.finished_at,
    lastFailure: row.last_failure,
    lastStatus: row.last_status,
  };
}
