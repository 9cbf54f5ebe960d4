import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';
import { runsAlone } from './run-alone.js';

export interface RemindedAlert {
  readonly id: number;
  readonly deviceId: string;
}

export interface Reminded {
  /** Alerts whose time had come, those of paused devices among them. */
  readonly lookedAt: number;
  readonly reminded: readonly RemindedAlert[];
}

@Injectable()
export class AlertReminderRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Reminds of open alerts that were last told before this time, the longest untold first. Alerts of paused devices
   * are put off and not counted: left where they are, they would stand in every sweep's way. An alert that is being
   * changed is passed over, so that nobody waits for anybody.
   */
  async remind(now: Date, toldBefore: Date, limit: number): Promise<Reminded> {
    const rows = await asked(() =>
      this.prisma.$transaction(async (transaction) => {
        if (!(await runsAlone(transaction, 'reminders'))) return [];
        return transaction.$queryRaw<{ id: bigint; device_id: string; paused: boolean }[]>`
          WITH due AS (
            SELECT alerts.device_id, alerts.id
            FROM alerts
            WHERE alerts.status = 'open' AND alerts.last_told_at < ${toldBefore.toISOString()}::timestamptz
            ORDER BY alerts.last_told_at
            LIMIT ${limit}::integer
            FOR NO KEY UPDATE SKIP LOCKED
          )
          UPDATE alerts
          SET
            last_told_at = ${now.toISOString()}::timestamptz,
            reminders = alerts.reminders + CASE WHEN devices.paused THEN 0 ELSE 1 END
          FROM due
          JOIN devices ON devices.device_id = due.device_id
          WHERE alerts.device_id = due.device_id AND alerts.id = due.id
          RETURNING alerts.id, alerts.device_id, devices.paused`;
      }),
    );
    return {
      lookedAt: rows.length,
      reminded: rows
        .filter(({ paused }) => !paused)
        .map((row) => ({ id: Number(row.id), deviceId: row.device_id })),
    };
  }
}
