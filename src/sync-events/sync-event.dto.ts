import { ApiProperty } from '@nestjs/swagger';
import { Recording } from '../database/sync-event.repository.js';
import { StoredSyncEvent } from '../database/sync-event.row.js';
import { ClockVerdict } from '../generated/prisma/enums.js';
import { SyncEventReport } from './sync-event-report.js';

/** A stored sync event. */
export class SyncEventDto {
  /**
   * The service's number for the event, in order of arrival.
   * @example 1
   */
  id: number;

  /** @example PIBOX-7 */
  device_id: string;

  /**
   * The device's own name for the event; null when it sent none.
   * @example boot-41:17
   */
  event_id: string | null;

  /**
   * When it happened by the device's clock, in UTC; null when the device sent no time.
   * @example 2026-05-04T10:30:00.000Z
   */
  timestamp: Date | null;

  /**
   * When it arrived, by the server's clock.
   * @example 2026-05-04T10:30:02.113Z
   */
  received_at: Date;

  /**
   * The time used for order, history and windows: `timestamp` where it is plausible, else `received_at`.
   * @example 2026-05-04T10:30:00.000Z
   */
  effective_at: Date;

  /**
   * What became of `timestamp`: `ok` used as it is; `corrected` shifted by the clock's error that `sent_at` showed;
   * `ahead` more than five minutes in the future, `behind` before 2020, `missing` not sent: `received_at` stands in.
   */
  @ApiProperty({ enum: ClockVerdict, example: ClockVerdict.ok })
  clock: ClockVerdict;

  /**
   * Whether the attempt had errors.
   * @example true
   */
  failed: boolean;

  /** @example 0 */
  total_files_synced: number;

  /** @example 1 */
  total_errors: number;

  /**
   * Mbps; null when the device did not measure it.
   * @example 1.5
   */
  internet_speed: number | null;

  /** @example upload timed out */
  error_message: string | null;
}

/** A stored sync event, and where it left its device. */
export class RecordedSyncEventDto extends SyncEventDto {
  /**
   * How many events of the device have failed since its newest success, after this one was recorded.
   * @example 1
   */
  consecutive_failures: number;
}

export function syncEventDto(event: StoredSyncEvent): SyncEventDto {
  return {
    id: event.id,
    device_id: event.deviceId,
    event_id: event.eventId,
    timestamp: event.reportedAt,
    received_at: event.receivedAt,
    effective_at: event.effectiveAt,
    clock: event.clock,
    failed: !event.succeeded,
    total_files_synced: event.totalFilesSynced,
    total_errors: event.totalErrors,
    internet_speed: event.internetSpeed,
    error_message: event.errorMessage,
  };
}

export function recordedSyncEventDto(report: SyncEventReport, recording: Recording): RecordedSyncEventDto {
  return {
    id: recording.id,
    device_id: report.deviceId,
    event_id: report.eventId,
    timestamp: report.reportedAt,
    received_at: recording.receivedAt,
    effective_at: recording.effectiveAt,
    clock: recording.clock,
    failed: report.totalErrors > 0,
    total_files_synced: report.totalFilesSynced,
    total_errors: report.totalErrors,
    internet_speed: report.internetSpeed,
    error_message: report.errorMessage,
    consecutive_failures: recording.streakAfter,
  };
}
