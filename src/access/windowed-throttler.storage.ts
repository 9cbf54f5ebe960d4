import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';

type ThrottlerStorageRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts requests in windows that begin for all keys at the same moment: one map, dropped whole when its
 * window ends. @nestjs/throttler's own storage keeps a timer for each request, which costs a busy key most of
 * the speed of the service; here a request costs one look into a map, and memory is bounded by the requests
 * of one window.
 */
@Injectable()
export class WindowedThrottlerStorage implements ThrottlerStorage {
  private hits = new Map<string, number>();
  private windowEndsAt = 0;

  increment(key: string, ttl: number, limit: number): Promise<ThrottlerStorageRecord> {
    const now = Date.now();
    if (now >= this.windowEndsAt) {
      this.hits = new Map();
      this.windowEndsAt = now + ttl;
    }
    const totalHits = (this.hits.get(key) ?? 0) + 1;
    this.hits.set(key, totalHits);
    const timeToExpire = Math.ceil((this.windowEndsAt - now) / 1_000);
    return Promise.resolve({
      totalHits,
      timeToExpire,
      isBlocked: totalHits > limit,
      timeToBlockExpire: timeToExpire,
    });
  }
}
