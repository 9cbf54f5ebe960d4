import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { openFailing, resolveFailing } from './failing-alert.writes.js';
import { PrismaService } from './prisma.service.js';

/** What a failing alert is judged by, read under the device's lock. */
export interface FailingAlertCase {
  readonly streak: number;
  readonly isAlertOpen: boolean;
}

export type FailingAlertStep = 'open' | 'resolve' | 'none';

export interface SettledAlert {
  readonly id: number;
  readonly deviceId: string;
  readonly step: 'open' | 'resolve';
}

@Injectable()
export class FailingAlertRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Devices whose failing alert and streak disagree, of those given or of the whole fleet. Both halves
   * start from a partial index: devices that fail now, and alerts that are open now.
   */
  async devicesToSettle(streakToAlert: number, deviceIds?: readonly string[]): Promise<string[]> {
    const among = (column: Prisma.Sql): Prisma.Sql =>
      deviceIds ? Prisma.sql`AND ${column} = ANY(${[...deviceIds]}::text[])` : Prisma.empty;
    const rows = await asked(
      () => this.prisma.$queryRaw<{ device_id: string }[]>`
        SELECT devices.device_id
        FROM devices
        LEFT JOIN alerts
          ON alerts.device_id = devices.device_id AND alerts.kind = 'failing' AND alerts.resolved_at IS NULL
        WHERE devices.consecutive_failures > 0
          AND devices.consecutive_failures >= ${streakToAlert}::integer
          AND alerts.device_id IS NULL
          ${among(Prisma.sql`devices.device_id`)}
        UNION ALL
        SELECT alerts.device_id
        FROM alerts
        WHERE alerts.kind = 'failing'
          AND alerts.resolved_at IS NULL
          -- Put this way, the devices that fail are read, and not, where many have an alert, all there are.
          AND NOT EXISTS (
            SELECT 1
            FROM devices
            WHERE devices.device_id = alerts.device_id
              AND devices.consecutive_failures > 0
              AND devices.consecutive_failures >= ${streakToAlert}::integer
          )
          ${among(Prisma.sql`alerts.device_id`)}`,
    );
    return rows.map((row) => row.device_id);
  }

  /**
   * Opens and resolves failing alerts as `judge` says, each device judged by what stands in its row
   * once that row is locked: two replicas that settle one device do so one after the other.
   *
   * The lock is a statement of its own, in the order of the ids, because the statements after it must
   * see what was committed while it waited. `alerts_one_unresolved` holds the line even without it.
   *
   * @param now when the alerts open or are resolved
   */
  async settleFailing(
    deviceIds: readonly string[],
    now: Date,
    judge: (alertCase: FailingAlertCase) => FailingAlertStep,
  ): Promise<SettledAlert[]> {
    return asked(() =>
      this.prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`
          SELECT 1 FROM devices
          WHERE devices.device_id = ANY(${[...deviceIds]}::text[])
          ORDER BY devices.device_id
          FOR NO KEY UPDATE`;
        const cases = await transaction.$queryRaw<{ device_id: string; streak: number; is_open: boolean }[]>`
          SELECT
            devices.device_id,
            devices.consecutive_failures AS streak,
            EXISTS (
              SELECT 1 FROM alerts
              WHERE alerts.device_id = devices.device_id AND alerts.kind = 'failing' AND alerts.resolved_at IS NULL
            ) AS is_open
          FROM devices
          WHERE devices.device_id = ANY(${[...deviceIds]}::text[])`;
        const steps = cases.map((row) => ({
          deviceId: row.device_id,
          step: judge({ streak: row.streak, isAlertOpen: row.is_open }),
        }));
        const devicesTo = (wanted: FailingAlertStep): string[] =>
          steps.filter(({ step }) => step === wanted).map(({ deviceId }) => deviceId);
        return [
          ...(await openFailing(transaction, devicesTo('open'), now)),
          ...(await resolveFailing(transaction, devicesTo('resolve'), now)),
        ];
      }),
    );
  }
}
