import { ValidationFailed } from './domain-error.js';

const HOUR_MS = 3_600_000;

const LENGTHS_MS = { '24h': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS, '30d': 30 * 24 * HOUR_MS };

export type WindowLength = keyof typeof LENGTHS_MS;

export const WINDOW_LENGTHS = Object.keys(LENGTHS_MS) as WindowLength[];

/** An event's effective time may lie five minutes ahead of its arrival, and still belongs to a window that ends now. */
const AHEAD_MS = 5 * 60_000 + 1;

const BEGINNING = new Date('0001-01-01T00:00:00Z');

/** Half-open: `from` belongs to it, `to` does not. */
export interface TimeWindow {
  readonly from: Date;
  readonly to: Date;
}

export interface WindowRequest {
  /** Up to now; instead of `from` and `to`. */
  readonly window?: WindowLength;
  readonly from?: Date;
  readonly to?: Date;
}

/**
 * @returns undefined where no window is asked for
 * @throws ValidationFailed when two are asked for, or one that holds no time
 */
export function timeWindow({ window: length, from, to }: WindowRequest, now: Date): TimeWindow | undefined {
  if (length !== undefined) {
    if (from || to) throw refused('window', 'stands for itself: give either window, or from and to');
    return lastWindow(length, now);
  }
  if (!from && !to) return undefined;
  const window = { from: from ?? BEGINNING, to: to ?? untilNow(now) };
  if (window.from >= window.to)
    throw refused('from', 'must be before to, which is now where it is not given');
  return window;
}

export function lastWindow(length: WindowLength, now: Date): TimeWindow {
  return { from: new Date(now.getTime() - LENGTHS_MS[length]), to: untilNow(now) };
}

function untilNow(now: Date): Date {
  return new Date(now.getTime() + AHEAD_MS);
}

function refused(field: string, message: string): ValidationFailed {
  return new ValidationFailed([{ field, message }]);
}
