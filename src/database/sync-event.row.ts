import type { ClockVerdict } from '../generated/prisma/enums.js';

export interface StoredSyncEvent {
  readonly id: number;
  readonly deviceId: string;
  readonly eventId: string | null;
  readonly reportedAt: Date | null;
  readonly receivedAt: Date;
  readonly effectiveAt: Date;
  readonly clock: ClockVerdict;
  readonly succeeded: boolean;
  readonly totalFilesSynced: number;
  readonly totalErrors: number;
  readonly internetSpeed: number | null;
  readonly errorMessage: string | null;
}

export interface SyncEventRow {
  id: bigint;
  device_id: string;
  event_id: string | null;
  reported_at: Date | null;
  received_at: Date;
  effective_at: Date;
  clock: ClockVerdict;
  succeeded: boolean;
  total_files_synced: number;
  total_errors: number;
  internet_speed: number | null;
  error_message: string | null;
}

export function storedSyncEvent(row: SyncEventRow): StoredSyncEvent {
  return {
    id: Number(row.id),
    deviceId: row.device_id,
    eventId: row.event_id,
    reportedAt: row.reported_at,
    receivedAt: row.received_at,
    effectiveAt: row.effective_at,
    clock: row.clock,
    succeeded: row.succeeded,
    totalFilesSynced: row.total_files_synced,
    totalErrors: row.total_errors,
    internetSpeed: row.internet_speed,
    errorMessage: row.error_message,
  };
}
