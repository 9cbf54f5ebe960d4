import { ApiProperty } from '@nestjs/swagger';
import { OpenAlert, StoredStreak } from '../database/streak.repository.js';
import { AlertStatus } from '../generated/prisma/enums.js';
import { SyncEventDto, syncEventDto } from '../sync-events/sync-event.dto.js';
import { explainStreak } from './explain-streak.js';

/** The unresolved failing alert of a device. */
export class StreakAlertDto {
  /** @example 1 */
  id: number;

  @ApiProperty({ enum: AlertStatus, example: AlertStatus.open })
  status: AlertStatus;

  /** @example 2026-05-04T10:32:02.390Z */
  opened_at: Date;
}

/** A device's failure streak: what it is made of, and what follows from it. */
export class DeviceStreakDto {
  /** @example PIBOX-7 */
  device_id: string;

  /**
   * Failed events later than the newest success, by effective time.
   * @example 3
   */
  consecutive_failures: number;

  /**
   * The streak that opens an alert (ALERT_FAILURE_STREAK).
   * @example 3
   */
  alert_streak: number;

  /**
   * How many more failures would open an alert; 0 when the streak is long enough.
   * @example 0
   */
  failures_until_alert: number;

  /**
   * Effective time of the newest success; null when there was none.
   * @example null
   */
  last_successful_sync: Date | null;

  alert: StreakAlertDto | null;

  /**
   * For people: why there is, or is no alert, and what would change that.
   * @example "3 failures in a row and no success yet: an alert is open. The next success resolves it."
   */
  explanation: string;

  /**
   * The failures of the streak, newest first, and after them the success that they follow. Beyond `limit` the oldest
   * are missing; the sync history has them.
   */
  events: SyncEventDto[];
}

export function deviceStreakDto(
  deviceId: string,
  streak: StoredStreak,
  alertStreak: number,
): DeviceStreakDto {
  return {
    device_id: deviceId,
    consecutive_failures: streak.consecutiveFailures,
    alert_streak: alertStreak,
    failures_until_alert: Math.max(0, alertStreak - streak.consecutiveFailures),
    last_successful_sync: streak.lastSuccessAt,
    alert: streak.alert && streakAlertDto(streak.alert),
    explanation: explainStreak({
      consecutiveFailures: streak.consecutiveFailures,
      lastSuccessAt: streak.lastSuccessAt,
      isAlertOpen: streak.alert !== null,
      alertStreak,
    }),
    events: streak.events.map(syncEventDto),
  };
}

function streakAlertDto(alert: OpenAlert): StreakAlertDto {
  return { id: alert.id, status: alert.status, opened_at: alert.openedAt };
}
