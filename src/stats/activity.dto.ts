import { ActivityBucket } from '../database/stats.repository.js';
import { successRate } from './success-rate.js';

/** What arrived in an hour or a UTC day. */
export class ActivityBucketDto {
  /**
   * Its start, by received time.
   * @example 2026-05-04T10:00:00.000Z
   */
  bucket: Date;

  /** @example 4 */
  sync_events: number;

  /** @example 3 */
  failures: number;

  /** @example 12 */
  files_synced: number;

  /**
   * Mbps, two decimals; null where no event carried a speed.
   * @example 1.5
   */
  average_internet_speed: number | null;

  /**
   * Successful events in percent, 0 to 100, two decimals; null where there were none.
   * @example 25
   */
  success_rate: number | null;
}

export function activityBucketDto(bucket: ActivityBucket): ActivityBucketDto {
  return {
    bucket: bucket.start,
    sync_events: bucket.syncEvents,
    failures: bucket.failures,
    files_synced: bucket.filesSynced,
    average_internet_speed: bucket.averageSpeed === null ? null : Math.round(bucket.averageSpeed * 100) / 100,
    success_rate: successRate(bucket.syncEvents, bucket.failures) ?? null,
  };
}
