import { ApiProperty } from '@nestjs/swagger';
import { AlertChange } from '../database/alert-history.repository.js';
import { StoredAlert } from '../database/alert.row.js';
import { StoredNotification } from '../database/notification.repository.js';
import { AlertChangeKind, NotificationStatus, NotificationTransition } from '../generated/prisma/enums.js';
import { AlertDto, alertDto } from './alert.dto.js';

/** Something that happened to an alert. */
export class AlertChangeDto {
  @ApiProperty({ enum: AlertChangeKind, example: AlertChangeKind.acknowledged })
  change: AlertChangeKind;

  /** @example 2026-05-04T11:05:17.020Z */
  at: Date;

  /**
   * Who did it; null where nobody did, but the device or the clock.
   * @example Amina
   */
  by: string | null;

  /**
   * What they wrote.
   * @example The router is unplugged; I go there on Thursday.
   */
  note: string | null;
}

/** A notification of an alert, and how far it has come. */
export class AlertDeliveryDto {
  /**
   * Of the notification.
   * @example 17
   */
  id: number;

  /** @example 1 */
  channel_id: number;

  /** @example Log */
  channel_name: string;

  /** What it tells. */
  @ApiProperty({ enum: NotificationTransition, example: NotificationTransition.opened })
  transition: NotificationTransition;

  /** `merged`: told by another notification. `dead`: given up, can be replayed. */
  @ApiProperty({ enum: NotificationStatus, example: NotificationStatus.delivered })
  status: NotificationStatus;

  /** @example 1 */
  attempts: number;

  /** @example 2026-05-04T10:32:03.118Z */
  finished_at: Date | null;

  /**
   * Why the last attempt failed, in a word.
   * @example null
   */
  last_failure: string | null;
}

/** An alert with all that happened to it. */
export class AlertDetailsDto extends AlertDto {
  /** What happened to it, the oldest first. */
  timeline: AlertChangeDto[];

  /** Whom it was told, and whom not yet. */
  deliveries: AlertDeliveryDto[];
}

export interface AlertDetails {
  readonly alert: StoredAlert;
  readonly changes: readonly AlertChange[];
  /** In the order of being owed. */
  readonly deliveries: readonly StoredNotification[];
}

export function alertDetailsDto({ alert, changes, deliveries }: AlertDetails): AlertDetailsDto {
  return {
    ...alertDto(alert),
    timeline: changes.map(({ change, at, byWhom, note }) => ({ change, at, by: byWhom, note })),
    deliveries: deliveries.map((delivery) => ({
      id: delivery.id,
      channel_id: delivery.channelId,
      channel_name: delivery.channelName,
      transition: delivery.transition,
      status: delivery.status,
      attempts: delivery.attempts,
      finished_at: delivery.finishedAt,
      last_failure: delivery.lastFailure,
    })),
  };
}
