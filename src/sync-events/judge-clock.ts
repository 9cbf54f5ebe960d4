import type { ClockVerdict } from '../generated/prisma/enums.js';

/** Nothing of this project existed before; a Raspberry Pi without a clock starts in 1970. */
export const EARLIEST_PLAUSIBLE_TIME = new Date('2020-01-01T00:00:00Z');

/** More than a clock drifts between two corrections; less than would let an event pin the newest place. */
export const TOLERATED_LEAD_MS = 5 * 60_000;

/** A slow line delays `sent_at` by less than this; beyond it the device's clock is wrong. */
export const TOLERATED_SKEW_MS = 2 * 60_000;

export interface JudgedTime {
  /** The time used for order, history and windows. */
  readonly effectiveAt: Date;
  readonly clock: ClockVerdict;
}

/**
 * Decides at what time an event counts as having happened (design rule 1). A wrong clock is never a
 * reason to refuse an event: the time of arrival stands in for a time that cannot be.
 *
 * @param reportedAt the device's time of the event, null when it sent none
 * @param receivedAt the server's time of arrival
 * @param sentAt the device's time while sending; from two minutes off it shifts the reported time
 */
export function judgeClock(reportedAt: Date | null, receivedAt: Date, sentAt: Date | null): JudgedTime {
  if (!reportedAt) return { effectiveAt: receivedAt, clock: 'missing' };
  const skew = sentAt ? receivedAt.getTime() - sentAt.getTime() : 0;
  const isSkewed = Math.abs(skew) > TOLERATED_SKEW_MS;
  const time = reportedAt.getTime() + (isSkewed ? skew : 0);
  if (time < EARLIEST_PLAUSIBLE_TIME.getTime()) return { effectiveAt: receivedAt, clock: 'behind' };
  if (time > receivedAt.getTime() + TOLERATED_LEAD_MS) return { effectiveAt: receivedAt, clock: 'ahead' };
  return isSkewed
    ? { effectiveAt: new Date(time), clock: 'corrected' }
    : { effectiveAt: reportedAt, clock: 'ok' };
}
