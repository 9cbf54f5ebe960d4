import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Clock } from '../../domain/clock.js';
import { ValidationFailed } from '../../domain/domain-error.js';
import type { Delivery, Destination, Message } from '../message.js';
import { reasonOf } from './delivery-failure.js';
import { DestinationPolicy } from './destination.policy.js';
import { EmailSender } from './email.sender.js';
import { HttpPost } from './http-post.js';
import { HttpSender } from './http.sender.js';
import { LogSender } from './log.sender.js';

/** Sends one message to one channel, once. When to try again, and what a failure means, is the caller's to decide. */
@Injectable()
export class MessageDelivery {
  private readonly logger = new Logger(MessageDelivery.name);
  private readonly http: HttpSender;
  private readonly email: EmailSender;
  private readonly log: LogSender;

  constructor(
    private readonly config: Config,
    private readonly policy: DestinationPolicy,
    post: HttpPost,
    clock: Clock,
  ) {
    this.http = new HttpSender(post, clock);
    this.email = new EmailSender(config);
    this.log = new LogSender(config.alertFailureStreak);
  }

  /**
   * Never rejects, and takes no longer than DELIVERY_TIMEOUT_SECONDS.
   *
   * @param stop gives the attempt up early, as `aborted`; the receiver may have got the message all the same
   */
  async deliver(destination: Destination, message: Message, stop?: AbortSignal): Promise<Delivery> {
    const end = new AbortController();
    const abort = (): void => end.abort('aborted');
    const deadline = setTimeout(() => end.abort('timeout'), this.config.deliveryTimeoutSeconds * 1_000);
    // AbortSignal.any() would keep something of every attempt as long as the caller's signal lives.
    stop?.addEventListener('abort', abort, { once: true });
    if (stop?.aborted) abort();
    try {
      return await Promise.race([this.send(destination, message, end.signal), whenAborted(end.signal)]);
    } catch (error) {
      return {
        outcome: 'failed',
        reason: end.signal.aborted ? end.signal.reason : this.classOf(error, message),
      };
    } finally {
      clearTimeout(deadline);
      stop?.removeEventListener('abort', abort);
    }
  }

  /**
   * Whether messages may be sent to this URL, as far as that can be told before its name is looked up.
   *
   * @throws ValidationFailed
   */
  assertDestinationAllowed(url: string): void {
    const problem = this.policy.problemOf(url);
    if (problem !== undefined) throw new ValidationFailed([{ field: 'url', message: problem }]);
  }

  private async send(destination: Destination, message: Message, signal: AbortSignal): Promise<Delivery> {
    switch (destination.kind) {
      case 'log':
        this.log.send(message);
        return { outcome: 'delivered' };
      case 'webhook':
        return this.http.sendWebhook(destination, message, signal);
      case 'slack':
        return this.http.sendSlack(destination, message, signal);
      case 'email':
        return this.email.send(destination, message, signal);
    }
  }

  private classOf(error: unknown, message: Message): string {
    const reason = reasonOf(error);
    if (reason !== undefined) return reason;
    this.logger.error(`Message ${message.id} could not be sent, for a reason nobody thought of`, error);
    return 'internal';
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new Error('The attempt was given up'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
