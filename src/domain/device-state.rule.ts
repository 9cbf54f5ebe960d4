export type DeviceState = 'online' | 'late' | 'silent';

/** One missed sync is a bad line; the second one is late. */
export const INTERVALS_UNTIL_LATE = 2;

/** Design rule 6: three missed syncs, but never sooner than the service's own least. */
export const INTERVALS_UNTIL_SILENT = 3;

/** What is known of a device's last contact. */
export interface Contact {
  readonly lastContactAt: Date;
  /** Seconds since then in which the service itself was away: a device could not be heard, so they do not count. */
  readonly outageSeconds: number;
  /** Seconds between two syncs when all is well. */
  readonly expectedIntervalSeconds: number;
}

/**
 * The last instant at which a device that is not heard of again does not count as silent.
 *
 * @param silentAfterSeconds no device counts as silent sooner than this
 */
export function silenceDeadline(contact: Contact, silentAfterSeconds: number): Date {
  const allowed = Math.max(INTERVALS_UNTIL_SILENT * contact.expectedIntervalSeconds, silentAfterSeconds);
  return new Date(contact.lastContactAt.getTime() + Math.round((allowed + contact.outageSeconds) * 1_000));
}

/** Whether a device is heard of, by the server's clock alone. */
export function deviceState(contact: Contact, now: Date, silentAfterSeconds: number): DeviceState {
  if (now > silenceDeadline(contact, silentAfterSeconds)) return 'silent';
  const silenceSeconds = (now.getTime() - contact.lastContactAt.getTime()) / 1_000 - contact.outageSeconds;
  return silenceSeconds > INTERVALS_UNTIL_LATE * contact.expectedIntervalSeconds ? 'late' : 'online';
}
