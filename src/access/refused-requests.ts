import { Injectable, Logger } from '@nestjs/common';
import { InjectThrottlerStorage } from '@nestjs/throttler';
import type { Request } from 'express';
import { RequestRefused } from '../http/request-refused.js';
import { Limit } from './limit.js';
import { Limits } from './limits.js';
import type { LimitStorage } from './memory-limit.storage.js';
import { addressOf, tooManyRequests } from './too-many-requests.js';

/** Whoever tries keys out from many addresses must not fill the disk with the news of it. */
const LOG_INTERVAL_MS = 1_000;

/**
 * Counts the requests that were refused for their key, by address and by the key that they name. Beyond the limit
 * 429 takes the place of 401, and the log tells of it.
 *
 * A valid key is never refused, whatever went before: a secret of 256 bits is out of reach of guesses, but a
 * lock-out would be a weapon. One device with an old key, or one person who knows a key's public id, could keep a
 * whole school out.
 */
@Injectable()
export class RefusedRequests {
  private readonly logger = new Logger(RefusedRequests.name);
  private loggedAt = -LOG_INTERVAL_MS;

  constructor(
    private readonly limits: Limits,
    @InjectThrottlerStorage() private readonly storage: LimitStorage,
  ) {}

  /**
   * @param keyId of a key that exists, had it been sent with its secret
   * @returns what to answer instead of `refusal`, or that itself
   */
  async count(request: Request, keyId: string | undefined, refusal: RequestRefused): Promise<RequestRefused> {
    const address = addressOf(request);
    const byKey = keyId && (await this.take(this.limits.keyRefusals, keyId, `the secret of key ${keyId}`));
    const byAddress = await this.take(this.limits.addressRefusals, address, `keys from ${address}`);
    return byAddress || byKey || refusal;
  }

  private async take(limit: Limit, key: string, what: string): Promise<RequestRefused | undefined> {
    const taken = await this.storage.take(limit, key, 1);
    if (!taken.isRefused) return undefined;
    const now = performance.now();
    if (now - this.loggedAt >= LOG_INTERVAL_MS) {
      this.loggedAt = now;
      this.logger.warn(`Somebody tries out ${what}: more than ${limit.most} refused within a minute.`);
    }
    return tooManyRequests(limit, taken);
  }
}
