import { printable } from '../../logging/printable.js';
import type { AlertFacts, AlertMessageType, DigestFacts, Message } from '../message.js';
import { alertLines, digestLines, instant, Line } from './message-lines.js';

/** A message for people; each channel puts it into its own form. Nothing in it is escaped for any of them. */
export interface MessageText {
  /** Whether somebody has to do something. */
  readonly isBad: boolean;
  /** A few words, without a line break. */
  readonly subject: string;
  /** The whole of it in one sentence. */
  readonly sentence: string;
  readonly lines: readonly Line[];
}

/** @param failures the number to name for a streak; the log names the limit, not how far beyond it a backlog went */
export function messageText(message: Message, failures?: number): MessageText {
  const text = plainText(message, failures);
  return {
    ...text,
    subject: printable(text.subject),
    sentence: printable(text.sentence),
    lines: text.lines.map(([label, value]) => [printable(label), printable(value)]),
  };
}

function plainText(message: Message, failures?: number): MessageText {
  switch (message.type) {
    case 'channel.test':
      return {
        isBad: false,
        subject: 'Test message',
        sentence: '🔔 This is a test: messages of PiSync arrive here.',
        lines: [],
      };
    case 'alert.digest':
      return { isBad: true, ...digestText(message.digest), lines: digestLines(message.digest) };
    default: {
      const { alert, type } = message;
      return {
        isBad: type === 'alert.opened' || type === 'alert.reminder',
        subject: `${alert.device_id}${alert.site === null ? '' : ` at ${alert.site}`} ${SUBJECT[alert.kind][type]}`,
        sentence: SENTENCE[alert.kind][type](alert, failures ?? alert.consecutive_failures),
        lines: alertLines(alert),
      };
    }
  }
}

const SUBJECT: Record<AlertFacts['kind'], Record<AlertMessageType, string>> = {
  failing: {
    'alert.opened': 'keeps failing to sync',
    'alert.reminder': 'still fails to sync',
    'alert.resolved': 'no longer fails to sync',
    'alert.passed': 'failed to sync for a while',
  },
  silent: {
    'alert.opened': 'is silent',
    'alert.reminder': 'is still silent',
    'alert.resolved': 'is back',
    'alert.passed': 'was silent for a while',
  },
};

type Sentence = (alert: AlertFacts, failures: number) => string;

const SENTENCE: Record<AlertFacts['kind'], Record<AlertMessageType, Sentence>> = {
  failing: {
    'alert.opened': (alert, failures) =>
      `⚠️ Device ${alert.device_id} has failed ${failures} times in a row!`,
    'alert.reminder': (alert) =>
      `⏰ Device ${alert.device_id} still fails: ${alert.consecutive_failures} times in a row by now.`,
    'alert.resolved': (alert) => `✅ Device ${alert.device_id} no longer fails: its alert is resolved.`,
    'alert.passed': (alert, failures) =>
      `✅ Device ${alert.device_id} had failed ${failures} times in a row and no longer does: its alert is resolved.`,
  },
  silent: {
    'alert.opened': (alert) =>
      `🔇 Device ${alert.device_id} has been silent since ${instant(alert.last_contact_at)}.`,
    'alert.reminder': (alert) =>
      `⏰ Device ${alert.device_id} is still silent, since ${instant(alert.last_contact_at)}.`,
    'alert.resolved': (alert) => `✅ Device ${alert.device_id} is back: its alert is resolved.`,
    'alert.passed': (alert) =>
      `✅ Device ${alert.device_id} had been silent and is back: its alert is resolved.`,
  },
};

function digestText(digest: DigestFacts): Pick<MessageText, 'subject' | 'sentence'> {
  const sum = (count: 'opened' | 'resolved' | 'reminders'): number =>
    digest.groups.reduce((total, group) => total + group[count], 0);
  const parts = [
    `${sum('opened')} opened`,
    `${sum('resolved')} resolved`,
    ...(sum('reminders') > 0 ? [`${sum('reminders')} still open`] : []),
  ];
  const sites = new Set(digest.groups.map((group) => group.site)).size;
  return {
    subject: `${digest.total} changes of alerts at ${sites} ${sites === 1 ? 'site' : 'sites'}`,
    sentence: `📋 ${digest.total} changes of alerts from ${instant(digest.since)} to ${instant(digest.until)}: ${parts.join(', ')}.`,
  };
}
