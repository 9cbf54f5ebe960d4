import { Injectable } from '@nestjs/common';
import { ChannelRepository } from '../database/channel.repository.js';
import type { Outcome } from '../database/outbox.row.js';
import { OutcomeRepository } from '../database/outcome.repository.js';
import { TestNotificationRepository } from '../database/test-notification.repository.js';
import { ChannelNotFound } from './channel.errors.js';
import { Courier } from './courier.js';

/** Tells an operator now, and not at the first alert, whether messages arrive. */
@Injectable()
export class ChannelTest {
  constructor(
    private readonly channels: ChannelRepository,
    private readonly tests: TestNotificationRepository,
    private readonly courier: Courier,
    private readonly outcomes: OutcomeRepository,
  ) {}

  /**
   * Sends a test message, whether or not the channel is enabled, and waits for what becomes of it. It is tried once:
   * who waits for its answer sends another one.
   *
   * @throws ChannelNotFound
   */
  async send(channelId: number): Promise<Outcome> {
    const claimedAt = performance.now();
    const channel = await this.channels.find(channelId);
    const test = channel && (await this.tests.begin(channelId));
    if (!test) throw new ChannelNotFound(channelId);
    const { status, failure, httpStatus, disables } = await this.courier.send(
      { ...test, channel, transition: 'test', passed: false, alertId: null, facts: {}, attempt: 1 },
      claimedAt,
    );
    const { id, leaseToken } = test;
    const outcome: Outcome =
      status === 'delivered'
        ? { id, leaseToken, status, httpStatus }
        : { id, leaseToken, status: 'dead', failure: failure ?? 'aborted', httpStatus, disables };
    await this.outcomes.record([outcome]);
    return outcome;
  }
}
