import { ApiProperty } from '@nestjs/swagger';
import { StoredDevice } from '../database/device.repository.js';
import { SyncEventDto, syncEventDto } from '../sync-events/sync-event.dto.js';
import type { DeviceState } from '../domain/device-state.rule.js';

/** A device as the registry knows it. */
export class DeviceDto {
  /** @example PIBOX-7 */
  device_id: string;

  /**
   * What people call it.
   * @example Library, back room
   */
  name: string | null;

  /**
   * Where it stands.
   * @example Kibera Primary
   */
  site: string | null;

  /** @example ["solar"] */
  labels: string[];

  /**
   * Seconds between two syncs when all is well.
   * @example 3600
   */
  expected_interval_seconds: number;

  /**
   * Whether its alerts keep quiet.
   * @example false
   */
  paused: boolean;

  /**
   * By the last contact: `online`, `late` from two expected intervals on, `silent` from three on, but not before the
   * service's SILENT_AFTER_HOURS.
   */
  @ApiProperty({ enum: ['online', 'late', 'silent'], example: 'online' })
  state: DeviceState;

  /**
   * Whether its failure streak is long enough for an alert.
   * @example false
   */
  failing: boolean;

  /** @example 2026-05-04T10:30:02.113Z */
  first_seen_at: Date;

  /**
   * When its newest sync event arrived, failed ones included.
   * @example 2026-05-04T10:30:02.113Z
   */
  last_contact_at: Date;

  /**
   * Effective time of its newest success.
   * @example null
   */
  last_successful_sync: Date | null;

  /**
   * Effective time of its newest failure.
   * @example 2026-05-04T10:30:00.000Z
   */
  last_failed_sync: Date | null;

  /** @example upload timed out */
  last_error_message: string | null;

  /** @example 1 */
  total_syncs: number;

  /** @example 1 */
  total_failed_syncs: number;

  /** @example 0 */
  total_files_synced: number;

  /**
   * Failures since the newest success.
   * @example 1
   */
  consecutive_failures: number;

  /** Its newest event by effective time. */
  latest_sync: SyncEventDto | null;
}

/** What the service's settings and clock add to a stored device. */
export interface DeviceStanding {
  readonly state: DeviceState;
  readonly failing: boolean;
  readonly expectedIntervalSeconds: number;
}

export function deviceDto(device: StoredDevice, standing: DeviceStanding): DeviceDto {
  return {
    device_id: device.deviceId,
    name: device.name,
    site: device.site,
    labels: device.labels,
    expected_interval_seconds: standing.expectedIntervalSeconds,
    paused: device.paused,
    state: standing.state,
    failing: standing.failing,
    first_seen_at: device.firstSeenAt,
    last_contact_at: device.lastContactAt,
    last_successful_sync: device.lastSuccessAt,
    last_failed_sync: device.lastFailureAt,
    last_error_message: device.lastErrorMessage,
    total_syncs: device.totalSyncs,
    total_failed_syncs: device.totalFailedSyncs,
    total_files_synced: device.totalFilesSynced,
    consecutive_failures: device.consecutiveFailures,
    latest_sync: device.latestSync && syncEventDto(device.latestSync),
  };
}
