export type DeviceState = 'online' | 'late' | 'silent';

/** One missed sync is a bad line; the second one is late. */
export const INTERVALS_UNTIL_LATE = 2;

/** Design rule 6: three missed syncs, but never sooner than the service's own least. */
export const INTERVALS_UNTIL_SILENT = 3;

/**
 * Whether a device is heard of, by the server's clock alone.
 *
 * @param silentAfterSeconds no device counts as silent sooner than this
 */
export function deviceState(
  lastContactAt: Date,
  now: Date,
  expectedIntervalSeconds: number,
  silentAfterSeconds: number,
): DeviceState {
  const silenceSeconds = (now.getTime() - lastContactAt.getTime()) / 1_000;
  if (silenceSeconds > Math.max(INTERVALS_UNTIL_SILENT * expectedIntervalSeconds, silentAfterSeconds))
    return 'silent';
  return silenceSeconds > INTERVALS_UNTIL_LATE * expectedIntervalSeconds ? 'late' : 'online';
}
