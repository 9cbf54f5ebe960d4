import { Injectable } from '@nestjs/common';
import { ActivityBucket, ErrorSummary, FleetTotals, StatsRepository } from '../database/stats.repository.js';
import { Clock } from '../domain/clock.js';
import { lastWindow, timeWindow, WindowRequest } from '../domain/time-window.js';
import { BucketSize, bucketStarts, endOfBuckets } from './activity-buckets.js';
import { FleetSnapshot, FleetSnapshots } from './fleet-snapshots.js';

const HOUR_MS = 3_600_000;

@Injectable()
export class StatsService {
  constructor(
    private readonly stats: StatsRepository,
    private readonly snapshots: FleetSnapshots,
    private readonly clock: Clock,
  ) {}

  async fleet(): Promise<{ totals: FleetTotals; snapshot: FleetSnapshot }> {
    const [totals, snapshot] = await Promise.all([this.stats.totals(), this.snapshots.current()]);
    return { totals, snapshot };
  }

  /**
   * Every bucket of the range, those without events too, oldest first.
   *
   * @throws ValidationFailed
   */
  async activity(size: BucketSize, from?: Date, to?: Date): Promise<ActivityBucket[]> {
    const starts = bucketStarts(size, this.clock.now(), from, to);
    const busy = await this.stats.activity(size, starts[0], endOfBuckets(size, starts));
    const byStart = new Map(busy.map((bucket) => [bucket.start.getTime(), bucket]));
    return starts.map((start) => byStart.get(start.getTime()) ?? quiet(start));
  }

  /**
   * Over whole hours of received time: those that the window touches; by default that of the last 24 hours.
   *
   * @throws ValidationFailed
   */
  errors(query: WindowRequest & { site?: string; limit: number }): Promise<ErrorSummary[]> {
    const now = this.clock.now();
    const { from, to } = timeWindow(query, now) ?? lastWindow('24h', now);
    return this.stats.mostFrequentErrors({
      from: new Date(Math.floor(from.getTime() / HOUR_MS) * HOUR_MS),
      to: new Date(Math.ceil(to.getTime() / HOUR_MS) * HOUR_MS),
      site: query.site,
      limit: query.limit,
    });
  }
}

function quiet(start: Date): ActivityBucket {
  return { start, syncEvents: 0, failures: 0, filesSynced: 0, averageSpeed: null };
}
