import { MemoryLimitStorage } from './memory-limit.storage.js';

const MINUTE_MS = 60_000;

describe('The storage of limits', () => {
  it('keeps limits apart that have the same key', () => {
    const storage = new MemoryLimitStorage();
    const requests = { name: 'requests', most: 1, windowMs: MINUTE_MS };
    const events = { name: 'events', most: 1, windowMs: 60 * MINUTE_MS };
    expect(storage.take(requests, 'a', 1).isRefused).toBe(false);
    expect(storage.take(events, 'a', 1).isRefused).toBe(false);
    expect(storage.take(requests, 'a', 1).isRefused).toBe(true);
    expect(storage.take(events, 'a', 1).isRefused).toBe(true);
  });

  it('answers the throttler as its own storage would', async () => {
    const storage = new MemoryLimitStorage();
    const hit = () => storage.increment('a', MINUTE_MS, 2, MINUTE_MS, 'default');
    expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false, timeToBlockExpire: 0 });
    expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: false, timeToExpire: 60 });
    expect(await hit()).toMatchObject({ totalHits: 3, isBlocked: true, timeToBlockExpire: 30 });
  });
});
