import { Injectable } from '@nestjs/common';
import { AlertKind, AlertStatus, Prisma } from '../generated/prisma/client.js';
import { AlertRow, StoredAlert, storedAlert } from './alert.row.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface AlertQuery {
  readonly status?: AlertStatus;
  readonly kind?: AlertKind;
  readonly deviceId?: string;
  readonly site?: string;
  /** Half-open, on the time of opening. */
  readonly openedFrom?: Date;
  readonly openedBefore?: Date;
  /** Only alerts opened before this one. */
  readonly beforeId?: number;
  readonly limit: number;
}

export interface Acknowledgement {
  readonly at: Date;
  readonly by: string;
  readonly note: string | null;
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
    else if (query.status) {
      // The first half is what the partial index says of its rows.
      conditions.push(
        Prisma.sql`alerts.resolved_at IS NULL AND alerts.status = ${query.status}::alert_status`,
      );
    }
    if (query.kind) conditions.push(Prisma.sql`alerts.kind = ${query.kind}::alert_kind`);
    if (query.deviceId !== undefined) conditions.push(Prisma.sql`alerts.device_id = ${query.deviceId}`);
    if (query.site !== undefined) conditions.push(Prisma.sql`devices.site = ${query.site}`);
    if (query.openedFrom)
      conditions.push(Prisma.sql`alerts.opened_at >= ${query.openedFrom.toISOString()}::timestamptz`);
    if (query.openedBefore)
      conditions.push(Prisma.sql`alerts.opened_at < ${query.openedBefore.toISOString()}::timestamptz`);
    if (query.beforeId !== undefined) conditions.push(Prisma.sql`alerts.id < ${query.beforeId}::bigint`);
    return this.select(Prisma.join(conditions, ' AND '), query.limit);
  }

  /**
   * Only an open alert, so that of several people at once the first one stands.
   *
   * @returns whether it was open
   */
  async acknowledge(id: number, { at, by, note }: Acknowledgement): Promise<boolean> {
    const acknowledged = await asked(
      () => this.prisma.$executeRaw`
        UPDATE alerts
        SET
          status = 'acknowledged',
          acknowledged_at = ${at.toISOString()}::timestamptz,
          acknowledged_by = ${by},
          note = ${note}
        WHERE alerts.id = ${id}::bigint AND alerts.status = 'open'`,
    );
    return acknowledged > 0;
  }

  /**
   * The time until the next reminder begins anew.
   *
   * @returns whether it was acknowledged
   */
  async withdrawAcknowledgement(id: number, now: Date): Promise<boolean> {
    const withdrawn = await asked(
      () => this.prisma.$executeRaw`
        UPDATE alerts
        SET
          status = 'open',
          acknowledged_at = NULL,
          acknowledged_by = NULL,
          note = NULL,
          last_told_at = ${now.toISOString()}::timestamptz
        WHERE alerts.id = ${id}::bigint AND alerts.status = 'acknowledged'`,
    );
    return withdrawn > 0;
  }

  /**
   * An unresolved alert shows its device as it is now: further failures have come, late ones from before its
   * first among them. Prisma has no join that chooses.
   */
  private async select(condition: Prisma.Sql, limit: number): Promise<StoredAlert[]> {
    const asItStands = (ofDevice: Prisma.Sql, kept: Prisma.Sql): Prisma.Sql =>
      Prisma.sql`CASE WHEN alerts.resolved_at IS NULL THEN ${ofDevice} ELSE ${kept} END`;
    const rows = await asked(
      () => this.prisma.$queryRaw<AlertRow[]>`
        SELECT
          alerts.id, alerts.device_id, devices.name AS device_name, devices.site,
          alerts.kind::text, alerts.status::text, alerts.opened_at,
          alerts.acknowledged_at, alerts.acknowledged_by, alerts.note,
          alerts.resolved_at, alerts.resolution::text,
          coalesce(streak.first_failed_sync, alerts.first_failed_sync) AS first_failed_sync,
          ${asItStands(Prisma.sql`devices.consecutive_failures`, Prisma.sql`alerts.consecutive_failures`)}
            AS consecutive_failures,
          ${asItStands(Prisma.sql`devices.last_failure_at`, Prisma.sql`alerts.last_failed_sync`)} AS last_failed_sync,
          ${asItStands(Prisma.sql`devices.last_error_message`, Prisma.sql`alerts.last_error_message`)}
            AS last_error_message,
          ${asItStands(Prisma.sql`devices.last_success_at`, Prisma.sql`alerts.last_success_at`)} AS last_success_at,
          ${asItStands(Prisma.sql`devices.last_contact_at`, Prisma.sql`alerts.last_contact_at`)} AS last_contact_at
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
    return rows.map(storedAlert);
  }
}
