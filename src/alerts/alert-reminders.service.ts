import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AlertReminderRepository } from '../database/alert-reminder.repository.js';
import { Clock } from '../domain/clock.js';
import { AlertAnnouncer } from './alert-announcer.js';

/** Alerts reminded of in one transaction. */
const ALERTS_AT_ONCE = 500;

/** A sweep's share; the rest is the next one's. */
const BATCHES_A_SWEEP = 40;

const HOUR_MS = 3_600_000;

/** Tells again what nobody has acknowledged, once in every REMINDER_AFTER_HOURS. */
@Injectable()
export class AlertReminders {
  constructor(
    private readonly alerts: AlertReminderRepository,
    private readonly announcer: AlertAnnouncer,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async remind(): Promise<void> {
    if (this.config.reminderAfterHours === 0) return;
    const now = this.clock.now();
    const toldBefore = new Date(now.getTime() - this.config.reminderAfterHours * HOUR_MS);
    for (let batch = 0; batch < BATCHES_A_SWEEP; batch += 1) {
      const { lookedAt, reminded } = await this.alerts.remind(now, toldBefore, ALERTS_AT_ONCE);
      await this.announcer.announce(reminded.map((alert) => ({ ...alert, transition: 'reminder' })));
      if (lookedAt < ALERTS_AT_ONCE) return;
    }
  }
}
