import { jest } from '@jest/globals';
import { LimitBuckets, MOST_BUCKETS } from './limit-buckets.js';

const MINUTE_MS = 60_000;

let now: number;
beforeEach(() => {
  now = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

function buckets(most: number, windowMs = MINUTE_MS): LimitBuckets {
  return new LimitBuckets({ name: 'test', most, windowMs });
}

/** How many of `times` attempts, `everyMs` apart, are let pass. */
function passing(limited: LimitBuckets, key: string, times: number, everyMs = 0): number {
  let passed = 0;
  for (let time = 0; time < times; time += 1) {
    if (!limited.take(key, 1).isRefused) passed += 1;
    now += everyMs;
  }
  return passed;
}

describe('A bucket', () => {
  it.each([1, 3, 7, 300, 5_000])('lets %i pass at once, and no more', (most) => {
    const limited = buckets(most);
    expect(passing(limited, 'a', most)).toBe(most);
    expect(limited.take('a', 1)).toMatchObject({ isRefused: true, left: 0 });
  });

  it('says what is left, and how long to wait for what it refuses', () => {
    const limited = buckets(60);
    expect(limited.take('a', 50)).toEqual({ isRefused: false, left: 10, retryAfterMs: 0 });
    expect(limited.take('a', 15)).toEqual({ isRefused: true, left: 10, retryAfterMs: 5_000 });
    now += 4_999;
    expect(limited.take('a', 15)).toMatchObject({ isRefused: true, left: 14 });
    now += 1;
    expect(limited.take('a', 15)).toEqual({ isRefused: false, left: 0, retryAfterMs: 0 });
  });

  it('gets back what was taken evenly, and never more than it holds', () => {
    const limited = buckets(60);
    passing(limited, 'a', 60);
    now += 10_000;
    expect(passing(limited, 'a', 60)).toBe(10);
    now += 100 * MINUTE_MS;
    expect(passing(limited, 'a', 100)).toBe(60);
  });

  it('holds a flood to what it holds and what flows in, to the last one', () => {
    // A hundred times the limit, for ten minutes.
    expect(passing(buckets(300), 'a', 300_000, 2)).toBe(300 + 10 * 300 - 1);
  });

  it('is never empty for who stays below its rate', () => {
    expect(passing(buckets(60), 'a', 10_000, 1_000)).toBe(10_000);
  });

  it('is one for each key', () => {
    const limited = buckets(1);
    limited.take('a', 1);
    expect(limited.take('a', 1).isRefused).toBe(true);
    expect(limited.take('b', 1).isRefused).toBe(false);
  });

  it('that is asked for nothing gives it, even when it is empty', () => {
    const limited = buckets(1);
    limited.take('a', 1);
    expect(limited.take('a', 0).isRefused).toBe(false);
  });
});

describe('The memory of buckets', () => {
  it('is bounded under invented names, and goes on limiting those that flood', () => {
    const limited = buckets(1);
    limited.take('flooder', 1);
    let admitted = 0;
    for (let name = 0; name < 5 * MOST_BUCKETS; name += 1) {
      limited.take(`invented-${name}`, 1);
      if (name % 1_000 === 0 && !limited.take('flooder', 1).isRefused) admitted += 1;
    }
    expect(admitted).toBe(0);
    expect(limited.size).toBeLessThanOrEqual(2 * MOST_BUCKETS);
  });

  it('keeps nothing of who was there two windows ago', () => {
    const limited = buckets(10);
    for (let name = 0; name < 1_000; name += 1) limited.take(`device-${name}`, 1);
    now += MINUTE_MS;
    limited.take('a', 1);
    expect(limited.size).toBe(1_001);
    now += MINUTE_MS;
    limited.take('a', 1);
    expect(limited.size).toBe(2);
  });

  it('forgets no bucket before it is full', () => {
    const limited = buckets(60);
    limited.take('other', 1);
    now += MINUTE_MS - 1;
    passing(limited, 'a', 60);
    now += 30_000;
    limited.take('other', 1);
    expect(passing(limited, 'a', 60)).toBe(30);
  });
});
