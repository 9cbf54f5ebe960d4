import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret to sign with: 32 random bytes, as many as the hash has. To be shown to its owner once. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/**
 * The headers that prove where a message comes from, as Standard Webhooks has them: an HMAC-SHA256 of id, time and
 * body with each secret. Two of them during a rotation, of which a receiver needs to know either.
 *
 * @param body exactly as it will be sent
 * @param sentAt of this attempt; receivers refuse what is more than five minutes old
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders(
  messageId: string,
  sentAt: Date,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  const id = `msg_${messageId}`;
  const timestamp = Math.floor(sentAt.getTime() / 1_000).toString();
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(PREFIX, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
