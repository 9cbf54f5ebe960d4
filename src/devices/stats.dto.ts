import { FleetTotals } from '../database/device.repository.js';

/** The fleet in five numbers, of all time. */
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
}

export function statsDto(totals: FleetTotals): StatsDto {
  const successes = totals.syncEvents - totals.failures;
  return {
    total_devices: totals.devices,
    total_sync_events: totals.syncEvents,
    total_failures: totals.failures,
    total_files_synced: totals.filesSynced,
    overall_success_rate:
      totals.syncEvents === 0 ? 0 : Math.round((successes / totals.syncEvents) * 10_000) / 100,
  };
}
