import { Injectable } from '@nestjs/common';
import { AlertKind, AlertStatus, Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface StoredAlert {
  readonly id: number;
  readonly deviceId: string;
  readonly site: string | null;
  readonly kind: AlertKind;
  readonly status: AlertStatus;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  /** While unresolved, the device's streak now; then what it had grown to. */
  readonly consecutiveFailures: number;
  readonly firstFailedSync: Date | null;
  readonly lastFailedSync: Date | null;
  readonly lastErrorMessage: string | null;
}

export interface AlertQuery {
  readonly status?: AlertStatus;
  readonly kind?: AlertKind;
  readonly deviceId?: string;
  readonly site?: string;
  /** Only alerts opened before this one. */
  readonly beforeId?: number;
  readonly limit: number;
}

@Injectable()
export class AlertRepository {
  constructor(private readonly prisma: PrismaService) {}

  async find(id: number): Promise<StoredAlert | undefined> {
    const [alert] = await this.select(Prisma.sql`alerts.id = ${id}::bigint`, 1);
    return alert;
  }

  async newestFirst(query: AlertQuery): Promise<StoredAlert[]> {
    const conditions = [Prisma.sql`TRUE`];
    if (query.status === 'resolved') conditions.push(Prisma.sql`alerts.resolved_at IS NOT NULL`);
    if (query.status === 'open') conditions.push(Prisma.sql`alerts.resolved_at IS NULL`);
    if (query.kind) conditions.push(Prisma.sql`alerts.kind = ${query.kind}::alert_kind`);
    if (query.deviceId !== undefined) conditions.push(Prisma.sql`alerts.device_id = ${query.deviceId}`);
    if (query.site !== undefined) conditions.push(Prisma.sql`devices.site = ${query.site}`);
    if (query.beforeId !== undefined) conditions.push(Prisma.sql`alerts.id < ${query.beforeId}::bigint`);
    return this.select(Prisma.join(conditions, ' AND '), query.limit);
  }

  /**
   * An unresolved alert shows its device as it is now: further failures have come, late ones from before its
   * first among them. Prisma has no join that chooses.
   */
  private async select(condition: Prisma.Sql, limit: number): Promise<StoredAlert[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<AlertRow[]>`
        SELECT
          alerts.id, alerts.device_id, devices.site, alerts.kind::text, alerts.status::text,
          alerts.opened_at, alerts.resolved_at,
          coalesce(streak.first_failed_sync, alerts.first_failed_sync) AS first_failed_sync,
          CASE WHEN alerts.resolved_at IS NULL THEN devices.consecutive_failures ELSE alerts.consecutive_failures END
            AS consecutive_failures,
          CASE WHEN alerts.resolved_at IS NULL THEN devices.last_failure_at ELSE alerts.last_failed_sync END
            AS last_failed_sync,
          CASE WHEN alerts.resolved_at IS NULL THEN devices.last_error_message ELSE alerts.last_error_message END
            AS last_error_message
        FROM alerts
        JOIN devices ON devices.device_id = alerts.device_id
        LEFT JOIN LATERAL (
          SELECT min(sync_events.effective_at) AS first_failed_sync
          FROM sync_events
          WHERE sync_events.device_id = alerts.device_id
            AND alerts.resolved_at IS NULL
            AND NOT sync_events.succeeded
            AND sync_events.effective_at > coalesce(devices.last_success_at, '-infinity')
        ) AS streak ON TRUE
        WHERE ${condition}
        ORDER BY alerts.id DESC
        LIMIT ${limit}::integer`,
    );
    return rows.map((row) => ({
      id: Number(row.id),
      deviceId: row.device_id,
      site: row.site,
      kind: row.kind,
      status: row.status,
      openedAt: row.opened_at,
      resolvedAt: row.resolved_at,
      consecutiveFailures: row.consecutive_failures,
      firstFailedSync: row.first_failed_sync,
      lastFailedSync: row.last_failed_sync,
      lastErrorMessage: row.last_error_message,
    }));
  }
}

interface AlertRow {
  id: bigint;
  device_id: string;
  site: string | null;
  kind: AlertKind;
  status: AlertStatus;
  opened_at: Date;
  resolved_at: Date | null;
  consecutive_failures: number;
  first_failed_sync: Date | null;
  last_failed_sync: Date | null;
  last_error_message: string | null;
}
