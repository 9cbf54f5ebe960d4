import { jest } from '@jest/globals';
import { MOST_KEYS, WindowedThrottlerStorage } from './windowed-throttler.storage.js';

const MINUTE_MS = 60_000;

let now: number;
beforeEach(() => {
  now = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

describe('A window of a limit', () => {
  it('lets the limit pass and blocks what is beyond it', async () => {
    const storage = new WindowedThrottlerStorage();
    const blocked: boolean[] = [];
    for (let request = 0; request < 4; request += 1) {
      blocked.push((await storage.increment('device:a', MINUTE_MS, 3)).isBlocked);
    }
    expect(blocked).toEqual([false, false, false, true]);
  });

  it('counts each key by itself', async () => {
    const storage = new WindowedThrottlerStorage();
    await storage.increment('device:a', MINUTE_MS, 1);
    expect(await storage.increment('device:a', MINUTE_MS, 1)).toMatchObject({ isBlocked: true });
    expect(await storage.increment('device:b', MINUTE_MS, 1)).toMatchObject({
      isBlocked: false,
      totalHits: 1,
    });
  });

  it('ends, and says in how many whole seconds', async () => {
    const storage = new WindowedThrottlerStorage();
    await storage.increment('device:a', MINUTE_MS, 1);
    now += 20_500;
    expect(await storage.increment('device:a', MINUTE_MS, 1)).toMatchObject({
      isBlocked: true,
      timeToBlockExpire: 40,
    });
    now += 39_500;
    expect(await storage.increment('device:a', MINUTE_MS, 1)).toMatchObject({
      isBlocked: false,
      totalHits: 1,
    });
  });

  it('keeps its memory bounded under invented names, and goes on limiting those it knows', async () => {
    const storage = new WindowedThrottlerStorage();
    await storage.increment('device:known', MINUTE_MS, 1);
    for (let name = 0; name < MOST_KEYS + 1_000; name += 1) {
      await storage.increment(`device:${name}`, MINUTE_MS, 1);
    }
    expect(storage.size).toBe(MOST_KEYS);
    expect(await storage.increment('device:known', MINUTE_MS, 1)).toMatchObject({ isBlocked: true });
    expect(await storage.increment('device:new', MINUTE_MS, 1)).toMatchObject({ isBlocked: false });
  });
});
