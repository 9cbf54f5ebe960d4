import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { LEASE_SECONDS } from '../database/outbox-steps.js';
import type { ClaimedNotification, Outcome } from '../database/outbox.row.js';
import { MessageDelivery } from './delivery/message-delivery.js';
import { Destinations } from './destinations.js';
import type { Delivery } from './message.js';
import { messageOf } from './message-of.js';
import { secondsUntilRetry } from './retry.rule.js';
import { SecretUnreadable } from './secret-box.js';
import { SecretsKeyMissing } from './secrets-keys.js';

/** Between the end of a delivery and the end of its lease, for writing down what became of it. */
const LEASE_MARGIN_SECONDS = 5;

/** Takes one claimed notification to where it goes, once, and says what is to become of it. */
@Injectable()
export class Courier {
  private readonly logger = new Logger('Notifications');

  constructor(
    private readonly config: Config,
    private readonly destinations: Destinations,
    private readonly delivery: MessageDelivery,
  ) {}

  /**
   * Never rejects.
   *
   * @param claimedAt when the claim began, by performance.now(), which no correction of a clock moves
   * @param stop gives an attempt up for another process to make
   */
  async send(notification: ClaimedNotification, claimedAt: number, stop?: AbortSignal): Promise<Outcome> {
    const { id, leaseToken } = notification;
    if (stop?.aborted || this.couldOutliveItsLease(claimedAt)) return this.giveBack(notification);
    const delivery = await this.attempt(notification, stop);
    if (stop?.aborted && delivery.outcome === 'failed') {
      return { id, leaseToken, status: 'pending', delaySeconds: 0, failure: delivery.reason };
    }
    return { id, leaseToken, ...this.consequence(notification, delivery) };
  }

  /** As if it had not been claimed. */
  giveBack({ id, leaseToken }: ClaimedNotification): Outcome {
    return { id, leaseToken, status: 'pending', delaySeconds: 0, unsent: true };
  }

  /** A process that was frozen since its claim must not send what another one may be sending. */
  private couldOutliveItsLease(claimedAt: number): boolean {
    const heldSeconds = (performance.now() - claimedAt) / 1_000;
    return heldSeconds + this.config.deliveryTimeoutSeconds + LEASE_MARGIN_SECONDS > LEASE_SECONDS;
  }

  private async attempt(notification: ClaimedNotification, stop?: AbortSignal): Promise<Delivery> {
    try {
      const destination = this.destinations.of(notification.channel);
      return await this.delivery.deliver(destination, messageOf(notification, this.config), stop);
    } catch (error) {
      if (error instanceof SecretUnreadable || error instanceof SecretsKeyMissing)
        return { outcome: 'failed', reason: 'secret-unreadable' };
      this.logger.error(
        `Notification ${notification.id} could not be sent, for a reason nobody thought of`,
        error,
      );
      return { outcome: 'failed', reason: 'internal' };
    }
  }

  private consequence(
    { id, attempt, channel, messageId }: ClaimedNotification,
    delivery: Delivery,
  ): Omit<Outcome, 'id' | 'leaseToken'> {
    if (delivery.outcome === 'delivered') return { status: 'delivered', httpStatus: delivery.status };
    const failure = { failure: delivery.reason, httpStatus: delivery.status, disables: disables(delivery) };
    if (failure.disables !== undefined)
      this.logger.warn(`Channel ${channel.id} is disabled: ${failure.disables}`);
    const delaySeconds = secondsUntilRetry(attempt, delivery.retryAfterSeconds);
    if (delaySeconds !== undefined) return { status: 'pending', delaySeconds, ...failure };
    this.logger.error(
      `Notification ${id} (${messageId}) is given up after ${attempt} attempts at channel ${channel.id}: ${delivery.reason}`,
    );
    return { status: 'dead', ...failure };
  }
}

function disables(delivery: Delivery & { outcome: 'failed' }): string | undefined {
  return delivery.gone ? 'The receiver answered 410 Gone: it wants no more messages.' : undefined;
}
