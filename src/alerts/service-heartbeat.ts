import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { DeadlineSettings, ServiceHeartbeatRepository } from '../database/service-heartbeat.repository.js';

/** One sweep may be slow and the next one fail; after three nobody was there, or the database was away. */
const SWEEPS_UNTIL_AWAY = 3;

/**
 * Knows when the service was away, all of its replicas or from its database: time in which no device could be heard
 * does not count as silence (design rule 6). A process that was frozen notices it like one that was stopped.
 */
@Injectable()
export class ServiceHeartbeat {
  private readonly logger = new Logger('Alerts');

  constructor(
    private readonly heartbeat: ServiceHeartbeatRepository,
    private readonly config: Config,
  ) {}

  /** The settings that deadlines are made with now. */
  get settings(): DeadlineSettings {
    return {
      silentAfterSeconds: this.config.silentAfterHours * 3_600,
      expectedIntervalSeconds: this.config.expectedIntervalSeconds,
    };
  }

  async beat(now: Date): Promise<void> {
    const outage = await this.heartbeat.beat(
      now,
      SWEEPS_UNTIL_AWAY * this.config.sweepIntervalSeconds,
      this.settings,
    );
    if (!outage) return;
    const [from, to] = [outage.startedAt.toISOString(), outage.endedAt.toISOString()];
    this.logger.warn(`The service was away from ${from} to ${to}: that time counts as no device's silence.`);
  }

  /** Whether deadlines were made with other settings than those of now. */
  async haveSettingsChanged(): Promise<boolean> {
    const made = await this.heartbeat.settings();
    const { silentAfterSeconds, expectedIntervalSeconds } = this.settings;
    return (
      made !== undefined &&
      (made.silentAfterSeconds !== silentAfterSeconds ||
        made.expectedIntervalSeconds !== expectedIntervalSeconds)
    );
  }

  async keepSettings(): Promise<void> {
    await this.heartbeat.keepSettings(this.settings);
  }
}
