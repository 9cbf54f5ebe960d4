import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { DeviceRow, LatestSyncRow, storedDevice } from './device.row.js';
import { PrismaService } from './prisma.service.js';
import { StoredSyncEvent } from './sync-event.row.js';

export interface StoredDevice {
  readonly deviceId: string;
  readonly name: string | null;
  readonly site: string | null;
  readonly labels: string[];
  /** Seconds; null where the service's default applies. */
  readonly expectedIntervalSeconds: number | null;
  /** Its alerts notify nobody. */
  readonly paused: boolean;
  readonly firstSeenAt: Date;
  readonly lastContactAt: Date;
  /** Seconds since then in which the service was away. */
  readonly outageSeconds: number;
  readonly lastSuccessAt: Date | null;
  readonly lastFailureAt: Date | null;
  readonly lastErrorMessage: string | null;
  readonly totalSyncs: number;
  readonly totalFailedSyncs: number;
  readonly totalFilesSynced: number;
  readonly consecutiveFailures: number;
  /** Null where none of its events is kept. */
  readonly latestSync: StoredSyncEvent | null;
}

export interface DeviceChanges {
  readonly name?: string | null;
  readonly site?: string | null;
  readonly labels?: string[];
  readonly expectedIntervalSeconds?: number | null;
  readonly paused?: boolean;
}

export interface DeviceQuery {
  readonly site?: string;
  readonly label?: string;
  /** Only devices whose failure streak is at least this. */
  readonly streakFrom?: number;
  /** Only devices whose failure streak is below this. */
  readonly streakBelow?: number;
  /** Only devices after this one. */
  readonly after?: string;
  readonly limit: number;
}

/** A time that every sweep finds behind it. */
const AT_ONCE = new Date(0);

@Injectable()
export class DeviceRepository {
  constructor(private readonly prisma: PrismaService) {}

  async exists(deviceId: string): Promise<boolean> {
    return (await asked(() => this.prisma.device.count({ where: { deviceId } }))) > 0;
  }

  async find(deviceId: string): Promise<StoredDevice | undefined> {
    const [device] = await this.withLatestSync(Prisma.sql`devices.device_id = ${deviceId}`, 1);
    return device;
  }

  /** Devices in the order of their ids. */
  async inIdOrder(query: DeviceQuery): Promise<StoredDevice[]> {
    const conditions = [Prisma.sql`TRUE`];
    if (query.after !== undefined) conditions.push(Prisma.sql`devices.device_id > ${query.after}`);
    if (query.site !== undefined) conditions.push(Prisma.sql`devices.site = ${query.site}`);
    if (query.label !== undefined)
      conditions.push(Prisma.sql`devices.labels @> ARRAY[${query.label}]::text[]`);
    if (query.streakFrom !== undefined) {
      // The first half is what the partial index says of its rows.
      conditions.push(
        Prisma.sql`devices.consecutive_failures > 0 AND devices.consecutive_failures >= ${query.streakFrom}::integer`,
      );
    }
    if (query.streakBelow !== undefined) {
      conditions.push(Prisma.sql`devices.consecutive_failures < ${query.streakBelow}::integer`);
    }
    return this.withLatestSync(Prisma.join(conditions, ' AND '), query.limit);
  }

  /** @returns false when there is no such device */
  async change(deviceId: string, changes: DeviceChanges): Promise<boolean> {
    // The sweep moves the device's deadline when it looks at it next.
    const look = changes.expectedIntervalSeconds === undefined ? {} : { silenceDueAt: AT_ONCE };
    const { count } = await asked(() =>
      this.prisma.device.updateMany({ where: { deviceId }, data: { ...changes, ...look } }),
    );
    return count > 0;
  }

  /**
   * Each device with the newest event in its own order: one step on the event key a device (LATERAL),
   * where Prisma would fetch the events of all of them.
   */
  private async withLatestSync(condition: Prisma.Sql, limit: number): Promise<StoredDevice[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<(DeviceRow & LatestSyncRow)[]>`
        SELECT
          devices.*,
          extract(epoch FROM outage_since(devices.last_contact_at))::double precision AS outage_seconds,
          latest.id, latest.event_id, latest.reported_at, latest.received_at, latest.effective_at,
          latest.clock::text, latest.succeeded, latest.latest_files_synced, latest.total_errors,
          latest.internet_speed, latest.error_message
        FROM (
          SELECT devices.* FROM devices WHERE ${condition} ORDER BY devices.device_id LIMIT ${limit}::integer
        ) AS devices
        LEFT JOIN LATERAL (
          SELECT sync_events.*, sync_events.total_files_synced AS latest_files_synced
          FROM sync_events
          WHERE sync_events.device_id = devices.device_id
          ORDER BY sync_events.effective_at DESC, sync_events.succeeded DESC, sync_events.id DESC
          LIMIT 1
        ) AS latest ON TRUE
        ORDER BY devices.device_id`,
    );
    return rows.map(storedDevice);
  }
}
