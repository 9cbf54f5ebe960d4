import { ValidationFailed } from '../domain/domain-error.js';

export type BucketSize = 'hour' | 'day';

/** More is no chart; it is 41 days of hours, or almost three years of days. */
export const MOST_BUCKETS = 1_000;

/** Buckets shown when no range is asked for, the one under way included. */
const DEFAULT_BUCKETS: Record<BucketSize, number> = { hour: 24, day: 30 };

const BUCKET_MS: Record<BucketSize, number> = { hour: 3_600_000, day: 86_400_000 };

/**
 * The starts of the hours or UTC days that the half-open range touches, oldest first. Without `to` they end
 * with the bucket under way, without `from` they are the last 24 hours or 30 days before `to`.
 *
 * @throws ValidationFailed for a range that holds no time, or more than `MOST_BUCKETS`
 */
export function bucketStarts(size: BucketSize, now: Date, from?: Date, to?: Date): Date[] {
  const length = BUCKET_MS[size];
  const end = to ? Math.ceil(to.getTime() / length) : Math.floor(now.getTime() / length) + 1;
  const start = from ? Math.floor(from.getTime() / length) : end - DEFAULT_BUCKETS[size];
  if (from && from.getTime() >= (to ?? now).getTime()) {
    throw refused('from', 'must be before to, which is now where it is not given');
  }
  if (end - start > MOST_BUCKETS) {
    throw refused('from', `must be at most ${MOST_BUCKETS} ${size}s before to`);
  }
  return Array.from({ length: end - start }, (_, number) => new Date((start + number) * length));
}

/** The end of the last of them. */
export function endOfBuckets(size: BucketSize, starts: readonly Date[]): Date {
  return new Date(starts[starts.length - 1].getTime() + BUCKET_MS[size]);
}

function refused(field: string, message: string): ValidationFailed {
  return new ValidationFailed([{ field, message }]);
}
