import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Limit, Taken } from './limit.js';
import { LimitBuckets } from './limit-buckets.js';

type ThrottlerStorageRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Where buckets are kept: what @nestjs/throttler asks of a storage, and beside it what it has no words for, to
 * take more than one at a time. A storage that several replicas share takes the place of this process's own in
 * access.module.ts.
 */
export interface LimitStorage extends ThrottlerStorage {
  /** A promise only where somebody else has to be asked. */
  take(limit: Limit, key: string, cost: number): Taken | Promise<Taken>;
}

/**
 * The buckets of this process. @nestjs/throttler's own storage keeps a timer for each request, which costs a
 * busy key most of the speed of the service; here a request costs two looks into a map.
 */
@Injectable()
export class MemoryLimitStorage implements LimitStorage {
  private readonly buckets = new Map<string, LimitBuckets>();

  take(limit: Limit, key: string, cost: number): Taken {
    let buckets = this.buckets.get(limit.name);
    if (!buckets) this.buckets.set(limit.name, (buckets = new LimitBuckets(limit)));
    return buckets.take(key, cost);
  }

  /** @param windowMs of a limit  @returns times in seconds, as ThrottlerGuard expects them */
  increment(
    key: string,
    windowMs: number,
    most: number,
    _blockMs: number,
    name: string,
  ): Promise<ThrottlerStorageRecord> {
    const { isRefused, left, retryAfterMs } = this.take({ name, most, windowMs }, key, 1);
    const used = most - left;
    return Promise.resolve({
      totalHits: isRefused ? used + 1 : used,
      timeToExpire: Math.ceil((used * windowMs) / most / 1_000),
      isBlocked: isRefused,
      timeToBlockExpire: Math.ceil(retryAfterMs / 1_000),
    });
  }
}
