/**
 * Seconds before each attempt, counted from the one before it: the schedule that Standard Webhooks proposes. A
 * receiver that is away for three days still gets everything.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
const SCHEDULE = [
  0,
  5,
  5 * 60,
  30 * 60,
  2 * 3_600,
  5 * 3_600,
  10 * 3_600,
  14 * 3_600,
  20 * 3_600,
  24 * 3_600,
];

export const ATTEMPTS = SCHEDULE.length;

/** A receiver that was down is not hit by all its messages at the same moment. */
const JITTER = 0.2;

/** A receiver may ask for patience, and not put an alert off until tomorrow. */
const LONGEST_RETRY_AFTER_SECONDS = 3_600;

/**
 * How long to wait after an attempt failed.
 *
 * @param attempt which one failed, from 1
 * @param retryAfterSeconds what the receiver asked for
 * @param random from 0 to 1
 * @returns seconds; undefined when that was the last attempt
 */
export function secondsUntilRetry(
  attempt: number,
  retryAfterSeconds = 0,
  random = Math.random(),
): number | undefined {
  if (attempt >= ATTEMPTS) return undefined;
  const jittered = SCHEDULE[attempt] * (1 + JITTER * (2 * random - 1));
  return Math.max(jittered, Math.min(retryAfterSeconds, LONGEST_RETRY_AFTER_SECONDS));
}
