/**
 * So much in such a time: a bucket that holds `most`, is full at first, and gets back what was taken from it
 * evenly, all of it within `windowMs`. Whoever was quiet may send a backlog at once; whoever floods gets what
 * flows in.
 */
export interface Limit {
  /** Names the limit in headers, and tells its buckets from those of other limits. */
  readonly name: string;
  readonly most: number;
  readonly windowMs: number;
}

/** What became of an attempt to take something from a bucket. */
export interface Taken {
  /** Nothing was taken: there was not enough. */
  readonly isRefused: boolean;
  /** What is left, in whole units. */
  readonly left: number;
  /** Milliseconds until there is enough for the same attempt; 0 where it was not refused. */
  readonly retryAfterMs: number;
}
