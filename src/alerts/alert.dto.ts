import { ApiProperty } from '@nestjs/swagger';
import { StoredAlert } from '../database/alert.repository.js';
import { AlertKind, AlertStatus } from '../generated/prisma/enums.js';

/** The stored fact that a device needs attention. */
export class AlertDto {
  /** @example 1 */
  id: number;

  /** @example PIBOX-7 */
  device_id: string;

  /**
   * Where the device stands now.
   * @example Kibera Primary
   */
  site: string | null;

  /** `failing`: the device failed three times in a row (ALERT_FAILURE_STREAK). */
  @ApiProperty({ enum: AlertKind, example: AlertKind.failing })
  kind: AlertKind;

  @ApiProperty({ enum: AlertStatus, example: AlertStatus.open })
  status: AlertStatus;

  /**
   * The streak: while the alert is unresolved, as it stands; then what it had grown to.
   * @example 3
   */
  consecutive_failures: number;

  /** @example 2026-05-04T10:32:02.390Z */
  opened_at: Date;

  /** @example null */
  resolved_at: Date | null;

  /**
   * Effective time of the streak's first failure.
   * @example 2026-05-04T10:30:00.000Z
   */
  first_failed_sync: Date | null;

  /**
   * Effective time of its newest failure.
   * @example 2026-05-04T10:32:00.000Z
   */
  last_failed_sync: Date | null;

  /** @example upload timed out */
  last_error_message: string | null;
}

export function alertDto(alert: StoredAlert): AlertDto {
  return {
    id: alert.id,
    device_id: alert.deviceId,
    site: alert.site,
    kind: alert.kind,
    status: alert.status,
    consecutive_failures: alert.consecutiveFailures,
    opened_at: alert.openedAt,
    resolved_at: alert.resolvedAt,
    first_failed_sync: alert.firstFailedSync,
    last_failed_sync: alert.lastFailedSync,
    last_error_message: alert.lastErrorMessage,
  };
}
