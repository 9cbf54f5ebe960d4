import { FailingDevice } from '../database/repeated-failure.repository.js';

/** A device that has failed repeatedly. */
export class RepeatedFailureDto {
  /** @example PIBOX-7 */
  device_id: string;

  /** @example Library, back room */
  name: string | null;

  /** @example Kibera Primary */
  site: string | null;

  /**
   * Events of all time.
   * @example 9
   */
  total_syncs: number;

  /**
   * Failed events: of the window where one is asked for, else of all time, deleted events included.
   * @example 4
   */
  total_failed_syncs: number;

  /**
   * Failures since the newest success.
   * @example 4
   */
  consecutive_failures: number;

  /**
   * Effective time of the newest failure.
   * @example 2026-05-04T10:33:00.000Z
   */
  last_failed_sync: Date;

  /**
   * Effective time of the newest success; null when there was none.
   * @example 2026-05-03T09:00:00.000Z
   */
  last_successful_sync: Date | null;

  /** @example upload timed out */
  last_error_message: string | null;
}

export function repeatedFailureDto(device: FailingDevice): RepeatedFailureDto {
  return {
    device_id: device.deviceId,
    name: device.name,
    site: device.site,
    total_syncs: device.totalSyncs,
    total_failed_syncs: device.failures,
    consecutive_failures: device.consecutiveFailures,
    last_failed_sync: device.lastFailureAt,
    last_successful_sync: device.lastSuccessAt,
    last_error_message: device.lastErrorMessage,
  };
}
