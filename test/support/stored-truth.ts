import { expectedDevices, SentEvent } from './oracle.js';
import { TestDatabase } from './test-database.js';

export interface Disagreements {
  /** Acknowledged events that are not stored. */
  lost: string[];
  /** Devices whose counters or streak are not those of their stored events. */
  miscounted: string[];
  /** Devices whose open alert is not what their stored events ask for. */
  misjudged: string[];
}

export const AGREEMENT: Disagreements = { lost: [], miscounted: [], misjudged: [] };

/** Holds the database against what devices were told, and against an oracle that starts from the stored events. */
export async function disagreements(
  database: Pick<TestDatabase, 'query'>,
  acknowledged: readonly { event: SentEvent }[],
  streakToAlert = 3,
): Promise<Disagreements> {
  const events = await database.query<{
    device_id: string;
    event_id: string | null;
    time: string;
    failed: boolean;
    files: number;
  }>(
    `SELECT device_id, event_id, extract(epoch FROM effective_at) * 1000 AS time, NOT succeeded AS failed,
       total_files_synced AS files
     FROM sync_events`,
  );
  const stored = new Set(events.map((row) => `${row.device_id} ${row.event_id}`));
  const expected = expectedDevices(
    events.map((row) => ({
      deviceId: row.device_id,
      eventId: row.event_id,
      time: Number(row.time),
      failed: row.failed,
      files: row.files,
    })),
  );
  const devices = await database.query<{
    device_id: string;
    total_syncs: string;
    total_failed_syncs: string;
    total_files_synced: string;
    consecutive_failures: number;
    open_alerts: string;
  }>(
    `SELECT devices.*, (
       SELECT count(*) FROM alerts WHERE alerts.device_id = devices.device_id AND alerts.resolved_at IS NULL
     ) AS open_alerts
     FROM devices`,
  );
  const isCountedRight = (row: (typeof devices)[number]): boolean => {
    const device = expected.get(row.device_id);
    return (
      Number(row.total_syncs) === device?.total_syncs &&
      Number(row.total_failed_syncs) === device.total_failed_syncs &&
      Number(row.total_files_synced) === device.total_files_synced &&
      row.consecutive_failures === device.consecutive_failures
    );
  };
  const isJudgedRight = (row: (typeof devices)[number]): boolean =>
    Number(row.open_alerts) ===
    ((expected.get(row.device_id)?.consecutive_failures ?? 0) >= streakToAlert ? 1 : 0);
  return {
    lost: acknowledged
      .map(({ event }) => `${event.deviceId} ${event.eventId}`)
      .filter((name) => !stored.has(name)),
    miscounted: devices.filter((row) => !isCountedRight(row)).map((row) => row.device_id),
    misjudged: devices.filter((row) => !isJudgedRight(row)).map((row) => row.device_id),
  };
}
