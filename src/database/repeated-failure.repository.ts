import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { DeviceRow } from './device.row.js';
import { PrismaService } from './prisma.service.js';

/** A place in the order of repeated failures, worst first. */
export interface FailureRank {
  readonly failures: number;
  readonly deviceId: string;
}

export interface RepeatedFailureQuery {
  /** Failed events, from 1. */
  readonly atLeast: number;
  /** Half-open, on effective time; without it all events that ever were. */
  readonly window?: { readonly from: Date; readonly to: Date };
  readonly site?: string;
  readonly label?: string;
  readonly after?: FailureRank;
  readonly limit: number;
}

export interface FailingDevice {
  readonly deviceId: string;
  readonly name: string | null;
  readonly site: string | null;
  readonly totalSyncs: number;
  /** Of the window where one was asked for. */
  readonly failures: number;
  readonly consecutiveFailures: number;
  readonly lastFailureAt: Date;
  readonly lastSuccessAt: Date | null;
  readonly lastErrorMessage: string | null;
}

/** Most failures first, then by id: an order of mixed directions, which Prisma's cursor cannot continue. */
@Injectable()
export class RepeatedFailureRepository {
  constructor(private readonly prisma: PrismaService) {}

  async mostFailuresFirst(query: RepeatedFailureQuery): Promise<FailingDevice[]> {
    const rows = await asked(() =>
      this.prisma.$queryRaw<(DeviceRow & { failures: bigint })[]>(
        query.window ? ofWindow(query, query.window) : ofAllTime(query),
      ),
    );
    return rows.map((row) => ({
      deviceId: row.device_id,
      name: row.name,
      site: row.site,
      totalSyncs: Number(row.total_syncs),
      failures: Number(row.failures),
      consecutiveFailures: row.consecutive_failures,
      // Present in every row that has a failure.
      lastFailureAt: row.last_failure_at as Date,
      lastSuccessAt: row.last_success_at,
      lastErrorMessage: row.last_error_message,
    }));
  }
}

/** From the counters; order and limit are those of the index devices_by_failures. */
function ofAllTime(query: RepeatedFailureQuery): Prisma.Sql {
  return Prisma.sql`
    SELECT devices.*, devices.total_failed_syncs AS failures
    FROM devices
    WHERE devices.total_failed_syncs > 0
      AND devices.total_failed_syncs >= ${query.atLeast}::bigint
      ${ofSiteAndLabel(query)}
      ${afterRank(Prisma.sql`devices.total_failed_syncs`, Prisma.sql`devices.device_id`, query.after)}
    ORDER BY devices.total_failed_syncs DESC, devices.device_id
    LIMIT ${query.limit}::integer`;
}

/**
 * From the index sync_events_failed_by_time alone, whose condition stands here in its very words; the devices are
 * looked up for the page.
 */
function ofWindow(
  query: RepeatedFailureQuery,
  window: NonNullable<RepeatedFailureQuery['window']>,
): Prisma.Sql {
  const ofDevices =
    query.site === undefined && query.label === undefined
      ? Prisma.empty
      : Prisma.sql`AND sync_events.device_id IN (
          SELECT devices.device_id FROM devices WHERE TRUE ${ofSiteAndLabel(query)}
        )`;
  return Prisma.sql`
    SELECT devices.*, failing.failures
    FROM (
      SELECT sync_events.device_id, count(*) AS failures
      FROM sync_events
      WHERE sync_events.total_errors > 0
        AND sync_events.effective_at >= ${window.from.toISOString()}::timestamptz
        AND sync_events.effective_at < ${window.to.toISOString()}::timestamptz
        ${ofDevices}
      GROUP BY sync_events.device_id
      HAVING count(*) >= ${query.atLeast}::bigint
        ${afterRank(Prisma.sql`count(*)`, Prisma.sql`sync_events.device_id`, query.after)}
      ORDER BY count(*) DESC, sync_events.device_id
      LIMIT ${query.limit}::integer
    ) AS failing
    JOIN devices ON devices.device_id = failing.device_id
    ORDER BY failing.failures DESC, failing.device_id`;
}

function ofSiteAndLabel({ site, label }: RepeatedFailureQuery): Prisma.Sql {
  return Prisma.sql`
    ${site === undefined ? Prisma.empty : Prisma.sql`AND devices.site = ${site}`}
    ${label === undefined ? Prisma.empty : Prisma.sql`AND devices.labels @> ARRAY[${label}]::text[]`}`;
}

function afterRank(failures: Prisma.Sql, deviceId: Prisma.Sql, after?: FailureRank): Prisma.Sql {
  if (!after) return Prisma.empty;
  return Prisma.sql`AND ${failures} <= ${after.failures}::bigint
    AND (${failures} < ${after.failures}::bigint OR ${deviceId} > ${after.deviceId})`;
}
