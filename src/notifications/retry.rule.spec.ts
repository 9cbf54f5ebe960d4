import fc from 'fast-check';
import { ATTEMPTS, secondsUntilRetry } from './retry.rule.js';

const HOUR = 3_600;

/** Halfway, so that the jitter is nothing. */
function plain(attempt: number, retryAfterSeconds?: number): number | undefined {
  return secondsUntilRetry(attempt, retryAfterSeconds, 0.5);
}

describe('The time until the next attempt', () => {
  it('grows as Standard Webhooks proposes, over ten attempts', () => {
    const waits = Array.from({ length: ATTEMPTS }, (_, attempts) => plain(attempts + 1));
    expect(waits).toEqual([
      5,
      300,
      1_800,
      2 * HOUR,
      5 * HOUR,
      10 * HOUR,
      14 * HOUR,
      20 * HOUR,
      24 * HOUR,
      undefined,
    ]);
  });

  it('ends with the tenth attempt, whatever the receiver asks for', () => {
    expect(plain(10, 60)).toBeUndefined();
    expect(plain(11)).toBeUndefined();
  });

  it('is up to a fifth shorter or longer, so that messages do not come back together', () => {
    expect(secondsUntilRetry(2, undefined, 0)).toBeCloseTo(240);
    expect(secondsUntilRetry(2, undefined, 1)).toBeCloseTo(360);
    const drawn = new Set(Array.from({ length: 20 }, () => secondsUntilRetry(2)));
    expect(drawn.size).toBeGreaterThan(1);
  });

  it('is no shorter than Retry-After asks for', () => {
    expect(plain(1, 120)).toBe(120);
    expect(plain(2, 120)).toBe(300);
  });

  it('follows Retry-After for an hour at most', () => {
    expect(plain(1, 10 * 24 * HOUR)).toBe(HOUR);
  });

  it('is never shorter than 80 % of the schedule, whatever was asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS - 1 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, retryAfter, random) => {
          const wait = secondsUntilRetry(attempt, retryAfter, random) as number;
          const scheduled = plain(attempt) as number;
          expect(wait).toBeGreaterThanOrEqual(scheduled * 0.8 - 1e-6);
          expect(wait).toBeLessThanOrEqual(Math.max(scheduled * 1.2, HOUR) + 1e-6);
        },
      ),
    );
  });
});
