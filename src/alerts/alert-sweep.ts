import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AlertReminders } from './alert-reminders.service.js';
import { FailingAlerts } from './failing-alerts.service.js';
import { SilentDevices } from './silent-devices.service.js';

/**
 * Finds what no event tells: devices that fell silent, alerts that nobody acknowledged, and what a crash left between
 * the commit of an event and its listener. Once before traffic is taken, then at an interval. Running it in several
 * replicas at once is harmless.
 */
@Injectable()
export class AlertSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AlertSweep.name);
  private timer?: NodeJS.Timeout;
  private underWay?: Promise<void>;

  constructor(
    private readonly failingAlerts: FailingAlerts,
    private readonly silentDevices: SilentDevices,
    private readonly reminders: AlertReminders,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.failingAlerts.settle();
    await this.silentDevices.sweep();
    await this.reminders.remind();
    this.timer = setInterval(() => this.sweepUnlessUnderWay(), this.config.sweepIntervalSeconds * 1_000);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.underWay;
  }

  /** Each part for itself: what keeps one of them from its work must not keep the others. */
  async sweep(): Promise<void> {
    await this.attempt('unsettled alerts', async () => {
      const settled = await this.failingAlerts.settle();
      if (settled > 0)
        this.logger.warn(`The sweep settled ${settled} alerts that events had left unsettled.`);
    });
    // Not at the start, which a large fleet would hold up.
    await this.attempt('new settings', () => this.silentDevices.lookAgainAfterNewSettings());
    await this.attempt('silent devices', () => this.silentDevices.sweep());
    await this.attempt('reminders', () => this.reminders.remind());
  }

  private sweepUnlessUnderWay(): void {
    this.underWay ??= this.sweep().finally(() => (this.underWay = undefined));
  }

  private async attempt(part: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.logger.error(`The sweep for ${part} failed and will run again`, error);
    }
  }
}
