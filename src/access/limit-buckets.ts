import { Limit, Taken } from './limit.js';

/**
 * Buckets of one limit before the older half of them is forgotten: the largest fleet this is built for. Two
 * halves of them are about 20 MB.
 */
export const MOST_BUCKETS = 100_000;

/** Sums of fractions of a millisecond err by less than this; without it the last of `most` would be refused. */
const ROUNDING_MS = 1e-6;

/**
 * The buckets of one limit, one for each key, as the generic cell rate algorithm keeps them: of each only the
 * moment at which it will be full again. A bucket whose moment has passed is the same as none, so that those
 * nobody uses are dropped without a look at them: two generations, each dropped whole when everything in it
 * is full again.
 *
 * Memory is bounded. Names that somebody invents push out the buckets that were quiet the longest, never one
 * that is in use: who floods stays limited.
 */
export class LimitBuckets {
  private young = new Map<string, number>();
  private old = new Map<string, number>();
  private oldIsFullAt = 0;

  constructor(private readonly limit: Limit) {}

  /** @param cost how much is taken, all or nothing; never more than the limit's `most` */
  take(key: string, cost: number): Taken {
    const { most, windowMs } = this.limit;
    const now = performance.now();
    this.age(now);
    const fullAt = Math.max(this.young.get(key) ?? this.old.get(key) ?? now, now);
    const fullThen = fullAt + (cost * windowMs) / most;
    const isRefused = fullThen - now > windowMs + ROUNDING_MS;
    const kept = isRefused ? fullAt : fullThen;
    if (kept > now) this.young.set(key, kept);
    return {
      isRefused,
      left: Math.floor(most - ((kept - now) * most) / windowMs + ROUNDING_MS),
      retryAfterMs: isRefused ? fullThen - now - windowMs : 0,
    };
  }

  /** Buckets kept at the moment. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  /** What was written before the last change of generations is full a window after it. */
  private age(now: number): void {
    if (now < this.oldIsFullAt && this.young.size < MOST_BUCKETS) return;
    this.old = this.young;
    this.young = new Map();
    this.oldIsFullAt = now + this.limit.windowMs;
  }
}
