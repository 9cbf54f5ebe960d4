/** Successful events in percent of all, 0 to 100, two decimals; undefined while there are none. */
export function successRate(syncEvents: number, failures: number): number | undefined {
  return syncEvents === 0 ? undefined : Math.round(((syncEvents - failures) / syncEvents) * 10_000) / 100;
}
