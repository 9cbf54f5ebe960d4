import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import type { SettledAlert } from '../database/failing-alert.repository.js';
import { AlertChanged, ChangedAlert } from './alert-changed.event.js';

/** Tells the other modules what was committed. */
@Injectable()
export class AlertAnnouncer {
  private readonly logger = new Logger('Alerts');

  constructor(private readonly domainEvents: EventEmitter2) {}

  announceSettled(settled: readonly SettledAlert[]): Promise<void> {
    return this.announce(
      settled.map(({ id, deviceId, step }) => ({
        id,
        deviceId,
        transition: step === 'open' ? 'opened' : 'resolved',
      })),
    );
  }

  /**
   * Waits for the listeners. One that fails does not undo what is committed: the notifications stand in the outbox
   * since then, and the sender finds them there.
   */
  async announce(alerts: readonly ChangedAlert[]): Promise<void> {
    if (alerts.length === 0) return;
    try {
      await this.domainEvents.emitAsync(AlertChanged.eventName, new AlertChanged(alerts));
    } catch (error) {
      const ids = alerts.map(({ id }) => id).join(', ');
      this.logger.error(`A listener of ${AlertChanged.eventName} failed for alerts ${ids}`, error);
    }
  }
}
