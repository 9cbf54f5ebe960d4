import { Injectable } from '@nestjs/common';
import { HealthRepository } from '../database/health.repository.js';
import { Clock } from '../domain/clock.js';

export interface DatabaseCheck {
  readonly isUp: boolean;
  readonly latencyMs: number;
}

/** A database that takes longer to say nothing is not one to send traffic to. */
const PING_TIMEOUT_MS = 1_000;

/** Balancers ask every second or so, each of several; the database is asked once for all of them. */
const CHECK_LIVES_MS = 1_000;

@Injectable()
export class HealthService {
  private isDraining = false;
  private latest?: { readonly until: number; readonly check: Promise<DatabaseCheck> };

  constructor(
    private readonly health: HealthRepository,
    private readonly clock: Clock,
  ) {}

  /** From now on `ready` says no, so that no new traffic is sent here. */
  drain(): void {
    this.isDraining = true;
  }

  get draining(): boolean {
    return this.isDraining;
  }

  /** At most a second old. Never rejects. */
  database(): Promise<DatabaseCheck> {
    const now = this.clock.now().getTime();
    if (!this.latest || now >= this.latest.until) {
      this.latest = { until: now + CHECK_LIVES_MS, check: this.pingDatabase() };
    }
    return this.latest.check;
  }

  private async pingDatabase(): Promise<DatabaseCheck> {
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
    });
    // Why it is down is told by the requests that need it; here only that it is.
    const ping = this.health.ping().then(
      () => true,
      () => false,
    );
    const isUp = await Promise.race([ping, tooLate]);
    clearTimeout(timer);
    return { isUp, latencyMs: Math.round(performance.now() - startedAt) };
  }
}
