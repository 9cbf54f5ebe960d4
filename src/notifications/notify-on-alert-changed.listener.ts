import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { AlertChanged } from '../alerts/alert-changed.event.js';
import { OutboxRepository } from '../database/outbox.repository.js';
import { OutcomeRepository } from '../database/outcome.repository.js';
import { Courier } from './courier.js';
import { Sender } from './sender.js';

/**
 * Prints what has changed before anybody is answered, and leaves all other channels to the sender. Both take it from
 * the outbox, where it stands since the change: what this leaves undone, the sender does. Safe to run twice.
 */
@Injectable()
export class NotifyOnAlertChangedListener {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly outcomes: OutcomeRepository,
    private readonly courier: Courier,
    private readonly sender: Sender,
  ) {}

  // Errors are not swallowed here: whoever changed the alerts, and waits for this, logs them with the alerts' ids.
  @OnEvent(AlertChanged.eventName, { suppressErrors: false })
  async notify({ alerts }: AlertChanged): Promise<void> {
    this.sender.wake();
    const claimedAt = performance.now();
    const claimed = await this.outbox.claimForLog(alerts.map(({ id }) => id));
    if (claimed.length === 0) return;
    const outcomes = await Promise.all(
      claimed.map((notification) => this.courier.send(notification, claimedAt)),
    );
    await this.outcomes.record(outcomes);
  }
}
