import type { StoredDevice } from './device.repository.js';
import { storedSyncEvent, SyncEventRow } from './sync-event.row.js';

export interface DeviceRow {
  device_id: string;
  name: string | null;
  site: string | null;
  labels: string[];
  expected_interval_seconds: number | null;
  paused: boolean;
  first_seen_at: Date;
  last_contact_at: Date;
  outage_seconds: number;
  last_success_at: Date | null;
  last_failure_at: Date | null;
  last_error_message: string | null;
  total_syncs: bigint;
  total_failed_syncs: bigint;
  total_files_synced: bigint;
  consecutive_failures: number;
}

/** The newest event beside its device; `id` is null where no event is kept. */
export type LatestSyncRow = Omit<SyncEventRow, 'id' | 'device_id' | 'total_files_synced'> & {
  id: bigint | null;
  latest_files_synced: number;
};

export function storedDevice(row: DeviceRow & LatestSyncRow): StoredDevice {
  return {
    deviceId: row.device_id,
    name: row.name,
    site: row.site,
    labels: row.labels,
    expectedIntervalSeconds: row.expected_interval_seconds,
    paused: row.paused,
    firstSeenAt: row.first_seen_at,
    lastContactAt: row.last_contact_at,
    outageSeconds: row.outage_seconds,
    lastSuccessAt: row.last_success_at,
    lastFailureAt: row.last_failure_at,
    lastErrorMessage: row.last_error_message,
    totalSyncs: Number(row.total_syncs),
    totalFailedSyncs: Number(row.total_failed_syncs),
    totalFilesSynced: Number(row.total_files_synced),
    consecutiveFailures: row.consecutive_failures,
    latestSync:
      row.id === null
        ? null
        : storedSyncEvent({ ...row, id: row.id, total_files_synced: row.latest_files_synced }),
  };
}
