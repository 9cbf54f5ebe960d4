import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { WriteConflict } from '../database/database-error.js';
import { FailingAlertRepository } from '../database/failing-alert.repository.js';
import { Clock } from '../domain/clock.js';
import { AlertAnnouncer } from './alert-announcer.js';
import { failingAlertStep } from './failing-alert.rule.js';

/** Devices settled in one transaction: a sweep after a long outage holds few locks at a time. */
const DEVICES_AT_ONCE = 500;

/** Two settlements that met each other do not meet three times. */
const ATTEMPTS = 3;

/** Opens and resolves failing alerts so that they say what the devices' streaks say. */
@Injectable()
export class FailingAlerts {
  constructor(
    private readonly failingAlerts: FailingAlertRepository,
    private readonly announcer: AlertAnnouncer,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * @param deviceIds only these devices; without them the whole fleet is swept
   * @returns how many alerts were opened or resolved
   */
  async settle(deviceIds?: readonly string[]): Promise<number> {
    const streakToAlert = this.config.alertFailureStreak;
    const unsettled = await this.failingAlerts.devicesToSettle(streakToAlert, deviceIds);
    let settled = 0;
    for (let start = 0; start < unsettled.length; start += DEVICES_AT_ONCE) {
      settled += await this.settleUnderLock(unsettled.slice(start, start + DEVICES_AT_ONCE));
    }
    return settled;
  }

  private async settleUnderLock(deviceIds: readonly string[], attempt = 1): Promise<number> {
    const streakToAlert = this.config.alertFailureStreak;
    try {
      const settled = await this.failingAlerts.settleFailing(deviceIds, this.clock.now(), (alertCase) =>
        failingAlertStep(alertCase, streakToAlert),
      );
      await this.announcer.announceSettled(settled);
      return settled.length;
    } catch (error) {
      if (error instanceof WriteConflict && attempt < ATTEMPTS)
        return this.settleUnderLock(deviceIds, attempt + 1);
      throw error;
    }
  }
}
