import { Injectable } from '@nestjs/common';
import { AlertStatus } from '../generated/prisma/enums.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';
import { StoredSyncEvent, storedSyncEvent, SyncEventRow } from './sync-event.row.js';

export interface OpenAlert {
  readonly id: number;
  readonly status: AlertStatus;
  readonly openedAt: Date;
}

export interface StoredStreak {
  readonly consecutiveFailures: number;
  /** Effective time of the newest success. */
  readonly lastSuccessAt: Date | null;
  /** The failures of the streak and the success before it, newest first; the oldest are missing beyond the limit. */
  readonly events: StoredSyncEvent[];
  /** The unresolved failing alert. */
  readonly alert: OpenAlert | null;
}

@Injectable()
export class StreakRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * A device's streak with the events it is made of: one statement, so that the numbers are those of the
   * events even while others arrive. The events are one walk on the event key.
   *
   * @returns undefined where there is no such device
   */
  async find(deviceId: string, limit: number): Promise<StoredStreak | undefined> {
    const rows = await asked(
      () => this.prisma.$queryRaw<StreakRow[]>`
        SELECT
          devices.consecutive_failures, devices.last_success_at,
          alerts.id AS alert_id, alerts.status::text AS alert_status, alerts.opened_at AS alert_opened_at,
          streak.id, devices.device_id, streak.event_id, streak.reported_at, streak.received_at,
          streak.effective_at, streak.clock::text, streak.succeeded, streak.total_files_synced,
          streak.total_errors, streak.internet_speed, streak.error_message
        FROM devices
        LEFT JOIN alerts
          ON alerts.device_id = devices.device_id AND alerts.kind = 'failing' AND alerts.resolved_at IS NULL
        LEFT JOIN LATERAL (
          SELECT sync_events.*
          FROM sync_events
          WHERE sync_events.device_id = devices.device_id
            -- At the time of the newest success only a success, for it counts as the later one.
            AND (sync_events.effective_at, sync_events.succeeded)
              >= (coalesce(devices.last_success_at, '-infinity'), TRUE)
          ORDER BY sync_events.effective_at DESC, sync_events.succeeded DESC, sync_events.id DESC
          LIMIT least(${limit}::bigint, devices.consecutive_failures + 1)
        ) AS streak ON TRUE
        WHERE devices.device_id = ${deviceId}
        ORDER BY streak.effective_at DESC, streak.succeeded DESC, streak.id DESC`,
    );
    if (rows.length === 0) return undefined;
    const [first] = rows;
    return {
      consecutiveFailures: first.consecutive_failures,
      lastSuccessAt: first.last_success_at,
      events: rows.filter((row): row is StreakRow & SyncEventRow => row.id !== null).map(storedSyncEvent),
      alert:
        first.alert_id === null
          ? null
          : { id: Number(first.alert_id), status: first.alert_status, openedAt: first.alert_opened_at },
    };
  }
}

type StreakRow = (SyncEventRow | (Omit<SyncEventRow, 'id'> & { id: null })) & {
  consecutive_failures: number;
  last_success_at: Date | null;
  alert_id: bigint | null;
  alert_status: AlertStatus;
  alert_opened_at: Date;
};
