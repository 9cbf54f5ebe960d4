import { once } from 'node:events';
import { EventLoopDelay } from './event-loop-delay.js';

/** Keeps everything in this process waiting. */
function block(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until;);
}

/** Until the loop has come round to its timers. */
function timers(milliseconds: number): Promise<unknown> {
  return once(AbortSignal.timeout(milliseconds), 'abort');
}

describe('The delay of the event loop', () => {
  let delay: EventLoopDelay;
  beforeEach(() => (delay = new EventLoopDelay()));
  afterEach(() => delay.stop());

  it('is none while nobody keeps it waiting', () => {
    expect(delay.milliseconds).toBe(0);
  });

  it('is not told from a single pause, and is from two', async () => {
    block(500);
    await timers(1);
    expect(delay.milliseconds).toBeLessThan(300);
    block(500);
    await timers(1);
    expect(delay.milliseconds).toBeGreaterThan(300);
  });
});
