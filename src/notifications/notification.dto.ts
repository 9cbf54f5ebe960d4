import { ApiProperty } from '@nestjs/swagger';
import { StoredNotification } from '../database/notification.repository.js';
import { ChannelKind, NotificationStatus, NotificationTransition } from '../generated/prisma/enums.js';

/** One message that is or was owed to one channel, and what became of it. */
export class NotificationDto {
  /** @example 17 */
  id: number;

  /**
   * The same in every attempt: a webhook's `webhook-id` is `msg_` and this, an e-mail's Message-ID begins with it.
   * @example 6b1f0a52-6d1e-4a5c-9d6e-2f6f3f1c9a10
   */
  message_id: string;

  /** @example 2 */
  channel_id: number;

  /** @example Field team */
  channel_name: string;

  @ApiProperty({ enum: ChannelKind, example: ChannelKind.webhook })
  channel_kind: ChannelKind;

  /**
   * The alert it tells of; null of a digest and a test.
   * @example 41
   */
  alert_id: number | null;

  /** @example PIBOX-7 */
  device_id: string | null;

  /** What it tells. */
  @ApiProperty({ enum: NotificationTransition, example: NotificationTransition.opened })
  transition: NotificationTransition;

  /**
   * `pending`: to be sent, or to be tried again; `delivered`: the receiver took it; `merged`: another one tells it, or
   * it was no longer so; `dead`: given up.
   */
  @ApiProperty({ enum: NotificationStatus, example: NotificationStatus.pending })
  status: NotificationStatus;

  /**
   * Whether the alert had ended before its opening was sent: the message tells both.
   * @example false
   */
  passed: boolean;

  /**
   * The notification that tells it instead; null where there is none.
   * @example null
   */
  merged_into: number | null;

  /**
   * Attempts, since it was owed or replayed last.
   * @example 2
   */
  attempts: number;

  /**
   * When it was owed.
   * @example 2026-05-04T10:32:02.390Z
   */
  created_at: Date;

  /**
   * When it is tried next, at the earliest; null unless it is pending.
   * @example 2026-05-04T10:37:11.024Z
   */
  next_attempt_at: Date | null;

  /**
   * When it was delivered, merged or given up.
   * @example null
   */
  finished_at: Date | null;

  /**
   * Why the last attempt failed, as a short class: `http-500`, `timeout`, `refused-address` and the like.
   * @example http-500
   */
  last_failure: string | null;

  /**
   * The receiver's HTTP status in the last attempt that had one.
   * @example 500
   */
  last_status: number | null;
}

export function notificationDto(notification: StoredNotification): NotificationDto {
  return {
    id: notification.id,
    message_id: notification.messageId,
    channel_id: notification.channelId,
    channel_name: notification.channelName,
    channel_kind: notification.channelKind,
    alert_id: notification.alertId,
    device_id: notification.deviceId,
    transition: notification.transition,
    status: notification.status,
    passed: notification.passed,
    merged_into: notification.mergedInto,
    attempts: notification.attempts,
    created_at: notification.createdAt,
    next_attempt_at: notification.status === 'pending' ? notification.nextAttemptAt : null,
    finished_at: notification.finishedAt,
    last_failure: notification.lastFailure,
    last_status: notification.lastStatus,
  };
}
