import { IN_FLIGHT } from '../database/outbox-candidates.js';
import type { Outcome } from '../database/outbox.row.js';

/** More are not worth a lease: by the time that many are sent, the next ones are claimed. */
const MOST_HELD = 20;

/** A receiver that answers within this can be sent that many before a lease ends. */
const QUICK_MS = 500;

/**
 * The way to one channel: two messages at a time. While the receiver takes them quickly, more are held ready, so that
 * it need not wait for the database after every two; one that fails or is slow is left with two.
 */
export class Lane {
  /** How many of the channel's notifications this process may hold, those under way among them. */
  room = IN_FLIGHT;
  private readonly waiting: (() => void)[] = [];
  private underWay = 0;

  /** Sends when its turn comes. @param send never rejects */
  async take(send: () => Promise<Outcome>): Promise<Outcome> {
    if (this.underWay >= IN_FLIGHT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.underWay += 1;
    const startedAt = performance.now();
    const outcome = await send();
    const isQuick = outcome.status === 'delivered' && performance.now() - startedAt < QUICK_MS;
    this.room = isQuick ? Math.min(this.room + 1, MOST_HELD) : IN_FLIGHT;
    const next = this.waiting.shift();
    // Its place goes to the next one.
    if (next) next();
    else this.underWay -= 1;
    return outcome;
  }
}
