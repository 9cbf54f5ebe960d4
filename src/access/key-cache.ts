import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AccessKeyRepository, VerifiableKey } from '../database/access-key.repository.js';

/** Keys kept at most: a fleet of the largest size this is built for, about 40 MB. Beyond it the oldest go. */
const MOST_KEYS = 100_000;

interface Known {
  readonly key: VerifiableKey;
  /** On the clock of `performance.now()`, which nobody sets. */
  readonly until: number;
}

interface LookUp {
  readonly ids: Set<string>;
  readonly found: Promise<Map<string, VerifiableKey>>;
}

/**
 * The keys of the last seconds (KEY_CACHE_SECONDS): a request with one of them asks nobody. A key that is
 * revoked lives on in other replicas for that long at most. Keys that are asked for at the same moment are
 * looked up in one query, so that a fleet whose devices each come once an hour costs few of them. What is no
 * key is not kept: it would push out what is.
 */
@Injectable()
export class KeyCache {
  private readonly known = new Map<string, Known>();
  private gathering?: LookUp;

  constructor(
    private readonly keys: AccessKeyRepository,
    private readonly config: Config,
  ) {}

  /** A promise only where the database has to be asked. @throws DatabaseUnavailable */
  find(id: string): VerifiableKey | undefined | Promise<VerifiableKey | undefined> {
    const known = this.known.get(id);
    if (known && performance.now() < known.until) return known.key;
    return this.lookUp(id);
  }

  /** After a change by this process, which shall count at once here. */
  forget(id: string): void {
    this.known.delete(id);
  }

  private async lookUp(id: string): Promise<VerifiableKey | undefined> {
    this.gathering ??= this.startLookUp();
    const { ids, found } = this.gathering;
    ids.add(id);
    return (await found).get(id);
  }

  /** Asks after the requests that this turn of the event loop has read have added theirs. */
  private startLookUp(): LookUp {
    const ids = new Set<string>();
    const found = new Promise<Map<string, VerifiableKey>>((resolve, reject) => {
      setImmediate(() => {
        this.gathering = undefined;
        this.load([...ids]).then(resolve, reject);
      });
    });
    return { ids, found };
  }

  private async load(ids: string[]): Promise<Map<string, VerifiableKey>> {
    // From before the question: what is revoked while the answer is on its way counts from then on.
    const until = performance.now() + this.config.keyCacheSeconds * 1_000;
    const found = new Map((await this.keys.verifiable(ids)).map((key) => [key.id, key]));
    for (const id of ids) this.known.delete(id);
    for (const [id, key] of found) this.known.set(id, { key, until });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KEYS) break;
      this.known.delete(oldest);
    }
    return found;
  }
}
