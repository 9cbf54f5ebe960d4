import { FleetTotals } from '../database/stats.repository.js';
import type { FleetSnapshot } from './fleet-snapshots.js';
import { successRate } from './success-rate.js';

/** Devices by the age of their last contact. */
export class DevicesByStateDto {
  /** @example 1 */
  online: number;

  /** @example 0 */
  late: number;

  /** @example 0 */
  silent: number;

  /**
   * Known, but never heard of.
   * @example 0
   */
  never: number;
}

/** The fleet in numbers. The totals are of all time and exact at once; what is counted by state is of `states_as_of`. */
export class StatsDto {
  /** @example 1 */
  total_devices: number;

  /** @example 4 */
  total_sync_events: number;

  /** @example 3 */
  total_failures: number;

  /** @example 12 */
  total_files_synced: number;

  /**
   * Successful events of all events in percent, 0 to 100, two decimals; 0 while there are none.
   * @example 25
   */
  overall_success_rate: number;

  devices_by_state: DevicesByStateDto;

  /**
   * Devices whose failure streak is long enough for an alert.
   * @example 1
   */
  failing_devices: number;

  /**
   * Devices with a contact in the last 24 hours.
   * @example 1
   */
  recent_devices: number;

  /**
   * When `devices_by_state`, `failing_devices` and `recent_devices` were counted: at most every 30 seconds, and not
   * more than 5 minutes ago.
   * @example 2026-05-04T10:33:00.000Z
   */
  states_as_of: Date;
}

export function statsDto(totals: FleetTotals, snapshot: FleetSnapshot): StatsDto {
  const { online, late, silent, never } = snapshot;
  return {
    total_devices: totals.devices,
    total_sync_events: totals.syncEvents,
    total_failures: totals.failures,
    total_files_synced: totals.filesSynced,
    overall_success_rate: successRate(totals.syncEvents, totals.failures) ?? 0,
    devices_by_state: { online, late, silent, never },
    failing_devices: snapshot.failing,
    recent_devices: snapshot.recent,
    states_as_of: snapshot.asOf,
  };
}
