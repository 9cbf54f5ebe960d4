import type { AlertKind, AlertResolution, AlertStatus } from '../generated/prisma/enums.js';

export interface StoredAlert {
  readonly id: number;
  readonly deviceId: string;
  readonly deviceName: string | null;
  readonly site: string | null;
  readonly kind: AlertKind;
  readonly status: AlertStatus;
  readonly openedAt: Date;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
  readonly note: string | null;
  readonly resolvedAt: Date | null;
  readonly resolution: AlertResolution | null;
  /** While unresolved, the device's streak now; then what it had grown to. */
  readonly consecutiveFailures: number;
  readonly firstFailedSync: Date | null;
  readonly lastFailedSync: Date | null;
  readonly lastErrorMessage: string | null;
  readonly lastSuccessAt: Date | null;
  readonly lastContactAt: Date | null;
}

export interface AlertRow {
  id: bigint;
  device_id: string;
  device_name: string | null;
  site: string | null;
  kind: AlertKind;
  status: AlertStatus;
  opened_at: Date;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  note: string | null;
  resolved_at: Date | null;
  resolution: AlertResolution | null;
  consecutive_failures: number;
  first_failed_sync: Date | null;
  last_failed_sync: Date | null;
  last_error_message: string | null;
  last_success_at: Date | null;
  last_contact_at: Date | null;
}

export function storedAlert(row: AlertRow): StoredAlert {
  return {
    id: Number(row.id),
    deviceId: row.device_id,
    deviceName: row.device_name,
    site: row.site,
    kind: row.kind,
    status: row.status,
    openedAt: row.opened_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    note: row.note,
    resolvedAt: row.resolved_at,
    resolution: row.resolution,
    consecutiveFailures: row.consecutive_failures,
    firstFailedSync: row.first_failed_sync,
    lastFailedSync: row.last_failed_sync,
    lastErrorMessage: row.last_error_message,
    lastSuccessAt: row.last_success_at,
    lastContactAt: row.last_contact_at,
  };
}
