import type { AlertFacts, DigestFacts, Message } from '../message.js';

/** The body of a webhook, in the form that Standard Webhooks recommends. docs/webhooks.md has its schema. */
export interface WebhookPayload {
  type: Message['type'];
  /** When it happened, which may be long before this attempt. */
  timestamp: string;
  data: { link: string; alert?: AlertFacts; digest?: DigestFacts };
}

export function webhookPayload(message: Message): WebhookPayload {
  const { type, created_at: timestamp, link } = message;
  if ('alert' in message) return { type, timestamp, data: { link, alert: message.alert } };
  if ('digest' in message) return { type, timestamp, data: { link, digest: message.digest } };
  return { type, timestamp, data: { link } };
}
