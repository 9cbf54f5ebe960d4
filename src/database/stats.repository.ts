import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface FleetTotals {
  readonly devices: number;
  readonly syncEvents: number;
  readonly failures: number;
  readonly filesSynced: number;
}

/** What tells a device's state; the rule's own numbers. */
export interface StateRule {
  readonly now: Date;
  readonly intervalsUntilLate: number;
  readonly intervalsUntilSilent: number;
  readonly silentAfterSeconds: number;
  /** Seconds, of devices that have none of their own. */
  readonly expectedIntervalSeconds: number;
  /** Failures in a row from which a device counts as failing. */
  readonly alertFailureStreak: number;
  /** A contact from here on is recent. */
  readonly recentFrom: Date;
}

export interface FleetStates {
  readonly online: number;
  readonly late: number;
  readonly silent: number;
  readonly never: number;
  readonly failing: number;
  readonly recent: number;
}

export interface ActivityBucket {
  readonly start: Date;
  readonly syncEvents: number;
  readonly failures: number;
  readonly filesSynced: number;
  /** Mbps; null where no event carried a speed. */
  readonly averageSpeed: number | null;
}

export interface ErrorQuery {
  /** Whole hours of received time, half-open. */
  readonly from: Date;
  readonly to: Date;
  readonly site?: string;
  readonly limit: number;
}

export interface ErrorSummary {
  /** Null where the events carried no message. */
  readonly pattern: string | null;
  readonly failures: number;
  /** Of all failures of the window and site. */
  readonly allFailures: number;
  readonly lastSeen: Date;
}

/** Reads the rollups, which triggers keep (prisma/migrations, fleet_rollups); Prisma cannot sum up by expression. */
@Injectable()
export class StatsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** At most 32 rows, whatever the size of the fleet; in one statement, so that devices and events agree. */
  async totals(): Promise<FleetTotals> {
    const [row] = await asked(
      () => this.prisma.$queryRaw<{ devices: bigint; events: bigint; failed: bigint; files: bigint }[]>`
        SELECT
          (SELECT coalesce(sum(fleet_devices.devices), 0) FROM fleet_devices)::bigint AS devices,
          coalesce(sum(fleet_totals.events), 0)::bigint AS events,
          coalesce(sum(fleet_totals.failed), 0)::bigint AS failed,
          coalesce(sum(fleet_totals.files), 0)::bigint AS files
        FROM fleet_totals`,
    );
    return {
      devices: Number(row.devices),
      syncEvents: Number(row.events),
      failures: Number(row.failed),
      filesSynced: Number(row.files),
    };
  }

  /**
   * Reads every device: 20 ms for 100,000 of them. What `deviceState` says of one, said of all. Only devices that have
   * not been heard of since the last outage are asked for the outages.
   */
  async states(rule: StateRule): Promise<FleetStates> {
    const [row] = await asked(
      () => this.prisma.$queryRaw<Record<keyof FleetStates, bigint>[]>`
        SELECT
          count(*) FILTER (WHERE judged.silence <= judged.until_silent AND judged.silence <= judged.until_late) AS online,
          count(*) FILTER (WHERE judged.silence <= judged.until_silent AND judged.silence > judged.until_late) AS late,
          count(*) FILTER (WHERE judged.silence > judged.until_silent) AS silent,
          count(*) FILTER (WHERE judged.silence IS NULL) AS never,
          count(*) FILTER (WHERE judged.consecutive_failures >= ${rule.alertFailureStreak}::integer) AS failing,
          count(*) FILTER (WHERE judged.last_contact_at >= ${rule.recentFrom.toISOString()}::timestamptz) AS recent
        FROM (
          SELECT
            devices.consecutive_failures,
            devices.last_contact_at,
            extract(
              epoch FROM ${rule.now.toISOString()}::timestamptz - devices.last_contact_at - CASE
                WHEN devices.last_contact_at < outages.last_ended_at THEN outage_since(devices.last_contact_at)
                ELSE INTERVAL '0'
              END
            ) AS silence,
            ${rule.intervalsUntilLate}::bigint
              * coalesce(devices.expected_interval_seconds, ${rule.expectedIntervalSeconds}::integer) AS until_late,
            greatest(
              ${rule.intervalsUntilSilent}::bigint
                * coalesce(devices.expected_interval_seconds, ${rule.expectedIntervalSeconds}::integer),
              ${rule.silentAfterSeconds}::bigint
            ) AS until_silent
          FROM devices
          CROSS JOIN (SELECT max(service_outages.ended_at) AS last_ended_at FROM service_outages) AS outages
        ) AS judged`,
    );
    return {
      online: Number(row.online),
      late: Number(row.late),
      silent: Number(row.silent),
      never: Number(row.never),
      failing: Number(row.failing),
      recent: Number(row.recent),
    };
  }

  /** Hours or UTC days of received time that begin in the half-open range; only those with events, oldest first. */
  async activity(bucket: 'hour' | 'day', from: Date, to: Date): Promise<ActivityBucket[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<ActivityRow[]>`
        SELECT
          date_trunc(${bucket}::text, fleet_hours.hour, 'UTC') AS start,
          sum(fleet_hours.events)::bigint AS events,
          sum(fleet_hours.failed)::bigint AS failed,
          sum(fleet_hours.files)::bigint AS files,
          sum(fleet_hours.speed_sum) / nullif(sum(fleet_hours.speed_count), 0)::double precision AS average_speed
        FROM fleet_hours
        WHERE fleet_hours.hour >= ${from.toISOString()}::timestamptz
          AND fleet_hours.hour < ${to.toISOString()}::timestamptz
        GROUP BY 1
        ORDER BY 1`,
    );
    return rows.map((row) => ({
      start: row.start,
      syncEvents: Number(row.events),
      failures: Number(row.failed),
      filesSynced: Number(row.files),
      averageSpeed: row.average_speed,
    }));
  }

  /** The most frequent first; of equally frequent ones the one seen last, then in the order of the texts. */
  async mostFrequentErrors(query: ErrorQuery): Promise<ErrorSummary[]> {
    const ofSite = query.site === undefined ? Prisma.empty : Prisma.sql`AND error_hours.site = ${query.site}`;
    const rows = await asked(
      () => this.prisma.$queryRaw<ErrorRow[]>`
        SELECT
          nullif(error_hours.pattern, '') AS pattern,
          sum(error_hours.failures)::bigint AS failures,
          (sum(sum(error_hours.failures)) OVER ())::bigint AS all_failures,
          max(error_hours.last_seen) AS last_seen
        FROM error_hours
        WHERE error_hours.hour >= ${query.from.toISOString()}::timestamptz
          AND error_hours.hour < ${query.to.toISOString()}::timestamptz
          ${ofSite}
        GROUP BY error_hours.pattern
        ORDER BY failures DESC, last_seen DESC, error_hours.pattern
        LIMIT ${query.limit}::integer`,
    );
    return rows.map((row) => ({
      pattern: row.pattern,
      failures: Number(row.failures),
      allFailures: Number(row.all_failures),
      lastSeen: row.last_seen,
    }));
  }
}

interface ActivityRow {
  start: Date;
  events: bigint;
  failed: bigint;
  files: bigint;
  average_speed: number | null;
}

interface ErrorRow {
  pattern: string | null;
  failures: bigint;
  all_failures: bigint;
  last_seen: Date;
}
