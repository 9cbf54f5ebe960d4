import type { Outcome } from '../database/outbox.row.js';
import { Lane } from './lane.js';

const delivered: Outcome = { id: 1, leaseToken: 'x', status: 'delivered' };
const failed: Outcome = { ...delivered, status: 'pending', delaySeconds: 5 };

describe('The way to a channel', () => {
  it('has two messages on it at a time, and the others in their order', async () => {
    const lane = new Lane();
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((number) =>
      lane.take(() => {
        started.push(number);
        return new Promise((resolve) => ends.push(() => resolve(delivered)));
      }),
    );
    expect(started).toEqual([0, 1]);
    ends[1]();
    await all[1];
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1, 2]);
    ends[0]();
    ends[2]();
    await all[0];
    await new Promise(setImmediate);
    ends[3]();
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('lets more be held while they are taken quickly, twenty at most', async () => {
    const lane = new Lane();
    expect(lane.room).toBe(2);
    await lane.take(async () => delivered);
    expect(lane.room).toBe(3);
    for (let message = 0; message < 30; message += 1) await lane.take(async () => delivered);
    expect(lane.room).toBe(20);
  });

  it('lets two be held as soon as one fails', async () => {
    const lane = new Lane();
    for (let message = 0; message < 5; message += 1) await lane.take(async () => delivered);
    await lane.take(async () => failed);
    expect(lane.room).toBe(2);
  });
});
