import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { AccessKeyRepository, VerifiableKey } from '../database/access-key.repository.js';
import { Clock } from '../domain/clock.js';

/** A device that reports every minute is written once an hour: people ask whether a key is in use, not how much. */
const NOTE_EVERY_MS = 3_600_000;

/** Keys noted of late; without them a key would be noted again until it is looked up anew. */
const MOST_NOTED = 100_000;

/** Notes when keys were last used: beside the requests, which neither wait for it nor fail with it. */
@Injectable()
export class KeyUse implements OnModuleDestroy {
  private readonly logger = new Logger(KeyUse.name);
  private readonly noted = new Map<string, number>();
  private waiting: string[] = [];
  private writing?: Promise<void>;

  constructor(
    private readonly keys: AccessKeyRepository,
    private readonly clock: Clock,
  ) {}

  note(key: VerifiableKey): void {
    const now = this.clock.now().getTime();
    if (now - (key.lastUsedAt?.getTime() ?? 0) < NOTE_EVERY_MS) return;
    if (now - (this.noted.get(key.id) ?? 0) < NOTE_EVERY_MS) return;
    if (this.noted.size >= MOST_NOTED) this.noted.clear();
    this.noted.set(key.id, now);
    this.waiting.push(key.id);
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  async onModuleDestroy(): Promise<void> {
    await this.writing;
  }

  /** One write after the other; what is noted meanwhile goes with the next. */
  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const ids = this.waiting;
      this.waiting = [];
      const now = this.clock.now();
      try {
        await this.keys.noteUse(ids, now, new Date(now.getTime() - NOTE_EVERY_MS));
      } catch (error) {
        for (const id of ids) this.noted.delete(id);
        this.logger.debug('The use of keys could not be noted', error);
      }
    }
  }
}
