import { Injectable } from '@nestjs/common';
import type { Prisma } from '../generated/prisma/client.js';
import { textArray } from './array-literal.js';
import { asked } from './database-error.js';
import type { SettledAlert } from './failing-alert.repository.js';
import { PrismaService } from './prisma.service.js';
import { runsAlone } from './run-alone.js';
import { moveDeadlines, openSilent, resolveSilent } from './silent-device.writes.js';

/** What a silent alert is judged by, read under the device's lock. */
export interface SilenceCase {
  readonly deviceId: string;
  readonly lastContactAt: Date;
  /** Seconds; null where the service's default applies. */
  readonly expectedIntervalSeconds: number | null;
  /** Seconds since the last contact in which the service was away. */
  readonly outageSeconds: number;
}

/** When the sweep looks at the device next; null: it is silent. */
export type SilenceJudge = (silence: SilenceCase) => Date | null;

export interface SettledSilence {
  /** Devices that were due, silent or not. */
  readonly lookedAt: number;
  readonly settled: readonly SettledAlert[];
}

@Injectable()
export class SilentDeviceRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Looks at the devices that were due before `now`, the longest due first: moves their deadlines, opens alerts, and
   * resolves those that should not be.
   *
   * A device that is being written is passed over: it is in contact, or in another sweep's hands, and waiting for it
   * could end in a deadlock with a recording, which locks in another order.
   */
  async settleDue(now: Date, limit: number, judge: SilenceJudge): Promise<SettledSilence> {
    return asked(() =>
      this.prisma.$transaction(async (transaction) => {
        if (!(await runsAlone(transaction, 'silence'))) return { lookedAt: 0, settled: [] };
        const due = await transaction.$queryRaw<SilenceRow[]>`
          SELECT
            devices.device_id, devices.last_contact_at, devices.expected_interval_seconds,
            extract(epoch FROM outage_since(devices.last_contact_at))::double precision AS outage_seconds
          FROM devices
          WHERE devices.silence_due_at < ${now.toISOString()}::timestamptz
          ORDER BY devices.silence_due_at, devices.device_id
          LIMIT ${limit}::integer
          FOR NO KEY UPDATE SKIP LOCKED`;
        return { lookedAt: due.length, settled: await settle(transaction, due, now, judge) };
      }),
    );
  }

  /** The same for these devices, due or not; waits for their locks. */
  async settle(
    deviceIds: readonly string[],
    now: Date,
    judge: SilenceJudge,
  ): Promise<readonly SettledAlert[]> {
    return asked(() =>
      this.prisma.$transaction(async (transaction) => {
        const devices = await transaction.$queryRaw<SilenceRow[]>`
          SELECT
            devices.device_id, devices.last_contact_at, devices.expected_interval_seconds,
            extract(epoch FROM outage_since(devices.last_contact_at))::double precision AS outage_seconds
          FROM devices
          WHERE devices.device_id = ANY(${textArray(deviceIds)}::text[])
          ORDER BY devices.device_id
          FOR NO KEY UPDATE`;
        return settle(transaction, devices, now, judge);
      }),
    );
  }

  /** Devices whose silent alert is unresolved although they were heard of: a crash kept a listener from it. */
  async heardAgain(): Promise<string[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<{ device_id: string }[]>`
        SELECT alerts.device_id
        FROM alerts
        JOIN devices ON devices.device_id = alerts.device_id
        WHERE alerts.kind = 'silent'
          AND alerts.resolved_at IS NULL
          AND devices.last_contact_at > alerts.last_contact_at`,
    );
    return rows.map((row) => row.device_id);
  }

  /**
   * Makes the next devices after this one due, silent ones too: their deadlines were made with other settings.
   * In the order of the ids, as a recording locks them.
   *
   * @returns the last of them; undefined where there was none
   */
  async lookAgain(after: string, limit: number): Promise<string | undefined> {
    const [{ last }] = await asked(
      () => this.prisma.$queryRaw<{ last: string | null }[]>`
        WITH slice AS (
          SELECT devices.device_id
          FROM devices
          WHERE devices.device_id > ${after}
          ORDER BY devices.device_id
          LIMIT ${limit}::integer
          FOR NO KEY UPDATE
        ),
        made_due AS (
          UPDATE devices
          SET silence_due_at = to_timestamp(0)
          FROM slice
          WHERE devices.device_id = slice.device_id
        )
        SELECT max(slice.device_id) AS last FROM slice`,
    );
    return last ?? undefined;
  }
}

async function settle(
  transaction: Prisma.TransactionClient,
  devices: readonly SilenceRow[],
  now: Date,
  judge: SilenceJudge,
): Promise<SettledAlert[]> {
  if (devices.length === 0) return [];
  const judged = devices.map((row) => ({ deviceId: row.device_id, dueAt: judge(silenceCase(row)) }));
  const silent = judged.filter(({ dueAt }) => dueAt === null).map(({ deviceId }) => deviceId);
  const heard = judged.filter(({ dueAt }) => dueAt !== null).map(({ deviceId }) => deviceId);
  await moveDeadlines(transaction, judged);
  return [...(await resolveSilent(transaction, heard, now)), ...(await openSilent(transaction, silent, now))];
}

interface SilenceRow {
  device_id: string;
  last_contact_at: Date;
  expected_interval_seconds: number | null;
  outage_seconds: number;
}

function silenceCase(row: SilenceRow): SilenceCase {
  return {
    deviceId: row.device_id,
    lastContactAt: row.last_contact_at,
    expectedIntervalSeconds: row.expected_interval_seconds,
    outageSeconds: row.outage_seconds,
  };
}
