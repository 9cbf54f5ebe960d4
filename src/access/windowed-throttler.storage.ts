import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';

type ThrottlerStorageRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Keys counted in one window: twice the largest fleet this is built for. About 20 MB; beyond it new keys go
 * uncounted until the window ends, because refusing devices that nobody has counted would help a flood.
 */
export const MOST_KEYS = 200_000;

/**
 * Counts requests in windows that begin for all keys at the same moment: one map, dropped whole when its
 * window ends. @nestjs/throttler's own storage keeps a timer for each request, which costs a busy key most of
 * the speed of the service; here a request costs one look into a map, and memory is bounded.
 *
 * A key may spend two windows' limits around the moment that divides them. All limits must have one `ttl`.
 */
@Injectable()
export class WindowedThrottlerStorage implements ThrottlerStorage {
  private hits = new Map<string, number>();
  private windowEndsAt = 0;

  /** @param ttl milliseconds of a window  @returns times in seconds, as ThrottlerGuard expects them */
  increment(key: string, ttl: number, limit: number): Promise<ThrottlerStorageRecord> {
    const totalHits = this.count(key, ttl);
    const timeToExpire = Math.ceil((this.windowEndsAt - performance.now()) / 1_000);
    return Promise.resolve({
      totalHits,
      timeToExpire,
      isBlocked: totalHits > limit,
      timeToBlockExpire: timeToExpire,
    });
  }

  /** Keys counted at the moment. */
  get size(): number {
    return this.hits.size;
  }

  private count(key: string, ttl: number): number {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.hits = new Map();
      this.windowEndsAt = now + ttl;
    }
    const totalHits = (this.hits.get(key) ?? 0) + 1;
    if (totalHits > 1 || this.hits.size < MOST_KEYS) this.hits.set(key, totalHits);
    return totalHits;
  }
}
