import type { Config } from '../config/config.js';
import type { ClaimedNotification } from '../database/outbox.row.js';
import type { AlertFacts, AlertMessageType, DigestFacts, Message } from './message.js';
import { publicLink } from './public-link.js';

const ALERT_MESSAGES: Record<string, AlertMessageType> = {
  opened: 'alert.opened',
  resolved: 'alert.resolved',
  reminder: 'alert.reminder',
};

/**
 * The message of a notification: a function of its row alone, so that every attempt, by whichever process, says the
 * same.
 */
export function messageOf(
  notification: ClaimedNotification,
  config: Pick<Config, 'publicUrl' | 'port'>,
): Message {
  const { transition, passed, alertId, facts } = notification;
  const about = (path: string): Pick<Message, 'id' | 'created_at' | 'link'> => ({
    id: notification.messageId,
    created_at: notification.createdAt.toISOString(),
    link: publicLink(config, path),
  });
  switch (transition) {
    case 'test':
      return { ...about(`/api/channels/${notification.channel.id}`), type: 'channel.test' };
    case 'digest':
      return { ...about('/api/alerts?status=open'), type: 'alert.digest', digest: facts as DigestFacts };
    default:
      return {
        ...about(`/api/alerts/${alertId}`),
        type: passed ? 'alert.passed' : ALERT_MESSAGES[transition],
        alert: facts as AlertFacts,
      };
  }
}
