import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { FleetStates, StatsRepository } from '../database/stats.repository.js';
import { INTERVALS_UNTIL_LATE, INTERVALS_UNTIL_SILENT } from '../domain/device-state.rule.js';
import { Clock } from '../domain/clock.js';

/** States change by the clock alone, so they cannot be counted when events arrive; counting reads every device. */
const FRESH_MS = 30_000;

/** Of a service that was not asked for a while: rather wait for the count than tell what was. */
const STALE_MS = 5 * 60_000;

const RECENT_MS = 24 * 3_600_000;

export interface FleetSnapshot extends FleetStates {
  readonly asOf: Date;
}

/** How many devices are in which state: counted at most every 30 s, whoever asks and however often. */
@Injectable()
export class FleetSnapshots {
  private readonly logger = new Logger('Stats');
  private latest?: FleetSnapshot;
  private counting?: Promise<FleetSnapshot>;

  constructor(
    private readonly stats: StatsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** The last count; one older than 30 s is renewed behind the answer, one older than 5 minutes before it. */
  async current(): Promise<FleetSnapshot> {
    if (!this.latest) return this.count();
    const age = Math.abs(this.clock.now().getTime() - this.latest.asOf.getTime());
    if (age > STALE_MS) return this.count();
    if (age > FRESH_MS) {
      this.count().catch((error: unknown) =>
        this.logger.warn(
          `The device states of ${this.latest?.asOf.toISOString()} could not be renewed: ${error}`,
        ),
      );
    }
    return this.latest;
  }

  /** One count at a time: whoever comes meanwhile waits for the same one. */
  private count(): Promise<FleetSnapshot> {
    this.counting ??= this.countNow().finally(() => {
      this.counting = undefined;
    });
    return this.counting;
  }

  private async countNow(): Promise<FleetSnapshot> {
    const asOf = this.clock.now();
    const states = await this.stats.states({
      now: asOf,
      intervalsUntilLate: INTERVALS_UNTIL_LATE,
      intervalsUntilSilent: INTERVALS_UNTIL_SILENT,
      silentAfterSeconds: this.config.silentAfterHours * 3_600,
      expectedIntervalSeconds: this.config.expectedIntervalSeconds,
      alertFailureStreak: this.config.alertFailureStreak,
      recentFrom: new Date(asOf.getTime() - RECENT_MS),
    });
    this.latest = { ...states, asOf };
    return this.latest;
  }
}
