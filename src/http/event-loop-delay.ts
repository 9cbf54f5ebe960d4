/** Often enough to notice within half a second; ten wake-ups a second cost nothing. */
const EVERY_MS = 100;

/**
 * How late this process gets to what it has to do: what waits in the event loop is not in any queue that could
 * be counted. Of the last two measurements the smaller one counts, so that a single pause (a large upload, the
 * garbage collector) turns nobody away.
 */
export class EventLoopDelay {
  private last = 0;
  private lastButOne = 0;
  private expectedAt = performance.now() + EVERY_MS;
  private readonly timer = setInterval(() => this.measure(), EVERY_MS).unref();

  get milliseconds(): number {
    return Math.min(this.last, this.lastButOne);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private measure(): void {
    const now = performance.now();
    this.lastButOne = this.last;
    this.last = Math.max(0, now - this.expectedAt);
    this.expectedAt = now + EVERY_MS;
  }
}
