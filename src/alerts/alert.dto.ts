import { ApiProperty } from '@nestjs/swagger';
import { StoredAlert } from '../database/alert.row.js';
import { AlertKind, AlertResolution, AlertStatus } from '../generated/prisma/enums.js';

/** The stored fact that a device needs attention. */
export class AlertDto {
  /** @example 1 */
  id: number;

  /** @example PIBOX-7 */
  device_id: string;

  /**
   * What people call the device.
   * @example Library, back room
   */
  device_name: string | null;

  /**
   * Where the device stands now.
   * @example Kibera Primary
   */
  site: string | null;

  /**
   * `failing`: the device failed three times in a row (ALERT_FAILURE_STREAK). `silent`: it has not been heard of for
   * three expected intervals, or SILENT_AFTER_HOURS where those are longer.
   */
  @ApiProperty({ enum: AlertKind, example: AlertKind.failing })
  kind: AlertKind;

  /** `acknowledged`: somebody looks after it, and it sends no reminders. */
  @ApiProperty({ enum: AlertStatus, example: AlertStatus.open })
  status: AlertStatus;

  /**
   * The device's streak of failures: while the alert is unresolved, as it stands; then what it had grown to.
   * @example 3
   */
  consecutive_failures: number;

  /** @example 2026-05-04T10:32:02.390Z */
  opened_at: Date;

  /** @example null */
  acknowledged_at: Date | null;

  /**
   * Who looks after it.
   * @example null
   */
  acknowledged_by: string | null;

  /**
   * What they wrote.
   * @example null
   */
  note: string | null;

  /** @example null */
  resolved_at: Date | null;

  /**
   * Why it ended. `recovered`: the device succeeded. `corrected`: late data, or a changed setting, showed that it need
   * not have been. `contact`: a silent device was heard of again.
   */
  @ApiProperty({ enum: AlertResolution, nullable: true, example: null })
  resolution: AlertResolution | null;

  /**
   * Effective time of the streak's first failure; null for a silent device without a streak.
   * @example 2026-05-04T10:30:00.000Z
   */
  first_failed_sync: Date | null;

  /**
   * Effective time of the newest failure; null where there is none.
   * @example 2026-05-04T10:32:00.000Z
   */
  last_failed_sync: Date | null;

  /** @example upload timed out */
  last_error_message: string | null;

  /**
   * Effective time of the newest success; of a resolved alert, the one before the streak or the silence.
   * @example null
   */
  last_successful_sync: Date | null;

  /**
   * When the device was heard of last; of a resolved alert, before the silence or at the end of the streak.
   * @example 2026-05-04T10:32:02.351Z
   */
  last_contact_at: Date | null;
}

export function alertDto(alert: StoredAlert): AlertDto {
  return {
    id: alert.id,
    device_id: alert.deviceId,
    device_name: alert.deviceName,
    site: alert.site,
    kind: alert.kind,
    status: alert.status,
    consecutive_failures: alert.consecutiveFailures,
    opened_at: alert.openedAt,
    acknowledged_at: alert.acknowledgedAt,
    acknowledged_by: alert.acknowledgedBy,
    note: alert.note,
    resolved_at: alert.resolvedAt,
    resolution: alert.resolution,
    first_failed_sync: alert.firstFailedSync,
    last_failed_sync: alert.lastFailedSync,
    last_error_message: alert.lastErrorMessage,
    last_successful_sync: alert.lastSuccessAt,
    last_contact_at: alert.lastContactAt,
  };
}
