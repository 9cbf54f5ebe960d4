import { setTimeout as delay } from 'node:timers/promises';
import { send } from './device.js';
import { SentEvent } from './oracle.js';

export interface LedgerEntry {
  readonly event: SentEvent & { eventId: string };
  /** Absent: no answer came. */
  readonly status?: number;
  readonly retryAfter?: string | null;
}

/**
 * Devices that go on reporting through whatever happens to the service, and write down what they were told. Each
 * event has a name of its own and is sent once.
 */
export class ReporterLoad {
  readonly ledger: LedgerEntry[] = [];
  private isGoingOn = true;
  private readonly reporters: Promise<void>[];

  /** @param url asked anew for each event: the service may come back somewhere else */
  constructor(
    private readonly url: () => string,
    options: { devices: number; reporters: number; prefix: string },
  ) {
    this.reporters = Array.from({ length: options.reporters }, (_, reporter) =>
      this.report(reporter, options),
    );
  }

  /** Resolves when every event under way has been answered or lost. */
  async stop(): Promise<void> {
    this.isGoingOn = false;
    await Promise.all(this.reporters);
  }

  /** Resolves when this many more events have been acknowledged. */
  async acknowledges(more: number): Promise<void> {
    const goal = this.acknowledged.length + more;
    while (this.isGoingOn && this.acknowledged.length < goal) await delay(10);
  }

  get acknowledged(): LedgerEntry[] {
    return this.ledger.filter(({ status }) => status === 200 || status === 201);
  }

  private async report(
    reporter: number,
    { devices, prefix }: { devices: number; prefix: string },
  ): Promise<void> {
    for (let number = 0; this.isGoingOn; number += 1) {
      const event = {
        deviceId: `${prefix}${(reporter * 7 + number) % devices}`,
        eventId: `${reporter}-${number}`,
        time: Date.parse('2026-03-01T08:00:00Z') + ((number * 37 + reporter * 11) % 5_000) * 1_000,
        failed: (number * 31 + reporter * 17) % 10 < 6,
        files: number % 4,
      };
      this.ledger.push({ event, ...(await this.answerTo(event)) });
      // Between failed attempts, as a device would; a refused connection fails at once.
      if (this.ledger.at(-1)?.status === undefined) await delay(20);
    }
  }

  private async answerTo(event: SentEvent): Promise<{ status?: number; retryAfter?: string | null }> {
    try {
      const { status, headers } = await send(`${this.url()}/api/sync-event`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          device_id: event.deviceId,
          event_id: event.eventId,
          timestamp: new Date(event.time).toISOString(),
          total_files_synced: event.files,
          total_errors: event.failed ? 1 : 0,
        }),
      });
      return { status, retryAfter: headers.get('retry-after') };
    } catch {
      // The connection was refused or broke: what became of the event, nobody told the device.
      return {};
    }
  }
}
