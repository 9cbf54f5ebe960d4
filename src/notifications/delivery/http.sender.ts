import type { Clock } from '../../domain/clock.js';
import type { Delivery, Destination, Message } from '../message.js';
import { DeliveryFailure } from './delivery-failure.js';
import type { HttpAnswer, HttpPost } from './http-post.js';
import { retryAfterSeconds } from './retry-after.js';
import { slackPayload } from './slack-payload.js';
import { webhookPayload } from './webhook-payload.js';
import { signatureHeaders } from './webhook-signature.js';

/** Sends to what is reached by HTTP: signed webhooks, and the incoming webhooks of chats. */
export class HttpSender {
  constructor(
    private readonly post: HttpPost,
    private readonly clock: Clock,
  ) {}

  async sendWebhook({ url, secrets }: Destination, message: Message, signal: AbortSignal): Promise<Delivery> {
    // Nobody could tell an unsigned message from a forged one.
    if (secrets.length === 0) throw new DeliveryFailure('no-secret');
    const body = JSON.stringify(webhookPayload(message));
    const headers = signatureHeaders(message.id, this.clock.now(), body, secrets);
    return this.judge(await this.post.send(url ?? '', headers, body, signal));
  }

  async sendSlack({ url }: Destination, message: Message, signal: AbortSignal): Promise<Delivery> {
    return this.judge(await this.post.send(url ?? '', {}, JSON.stringify(slackPayload(message)), signal));
  }

  private judge({ status, retryAfter }: HttpAnswer): Delivery {
    if (status >= 200 && status < 300) return { outcome: 'delivered', status };
    const wait = retryAfterSeconds(retryAfter, this.clock.now());
    return {
      outcome: 'failed',
      // Followed, it could lead to where the first address was not allowed to.
      reason: status >= 300 && status < 400 ? 'redirect' : `http-${status}`,
      status,
      ...(wait !== undefined && { retryAfterSeconds: wait }),
      ...(status === 410 && { gone: true }),
    };
  }
}
