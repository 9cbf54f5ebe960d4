import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { FailingAlerts } from './failing-alerts.service.js';

/**
 * Repairs what a crash left between the commit of an event and its listener: once before traffic is
 * taken, then at an interval. Running it in several replicas at once is harmless.
 */
@Injectable()
export class AlertSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AlertSweep.name);
  private timer?: NodeJS.Timeout;
  private underWay?: Promise<void>;

  constructor(
    private readonly failingAlerts: FailingAlerts,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.failingAlerts.settle();
    this.timer = setInterval(() => this.sweepUnlessUnderWay(), this.config.sweepIntervalSeconds * 1_000);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.underWay;
  }

  private sweepUnlessUnderWay(): void {
    this.underWay ??= this.sweep().finally(() => (this.underWay = undefined));
  }

  private async sweep(): Promise<void> {
    try {
      const settled = await this.failingAlerts.settle();
      if (settled > 0)
        this.logger.warn(`The sweep settled ${settled} alerts that events had left unsettled.`);
    } catch (error) {
      this.logger.error('The alert sweep failed and will run again', error);
    }
  }
}
