/**
 * What is sent, where to, and what became of it: the words that the outbox, the sender and the delivery share.
 * A message is a snapshot. It is JSON from the start (snake_case, times as ISO 8601 strings), so that what is kept
 * in the outbox is, byte for byte, what every attempt sends.
 */

/** What a message says of an alert, as it stood in the transaction of the transition. */
export interface AlertFacts {
  id: number;
  device_id: string;
  device_name: string | null;
  site: string | null;
  kind: 'failing' | 'silent';
  status: 'open' | 'acknowledged' | 'resolved';
  consecutive_failures: number;
  first_failed_sync: string | null;
  last_failed_sync: string | null;
  last_error_message: string | null;
  last_successful_sync: string | null;
  last_contact_at: string | null;
  opened_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  note: string | null;
  resolved_at: string | null;
  /** Why it resolved: a success, late data that broke the run, or contact of a silent device. */
  resolution: 'recovered' | 'corrected' | 'contact' | null;
}

/** A storm in one message. */
export interface DigestFacts {
  /** Transitions and reminders that this message stands for. */
  total: number;
  /** By site and kind, worst first. */
  groups: DigestGroup[];
  /** The worst alerts of them, 20 at most. */
  worst: AlertFacts[];
  since: string;
  until: string;
}

export interface DigestGroup {
  site: string | null;
  kind: 'failing' | 'silent';
  opened: number;
  resolved: number;
  reminders: number;
}

/** `alert.passed`: opened and resolved before anything was sent. */
export type AlertMessageType = 'alert.opened' | 'alert.resolved' | 'alert.reminder' | 'alert.passed';

/** The same for every attempt: neither id nor content changes once a first attempt was made. */
export type Message = {
  /** A UUID. Receivers know a repetition by it. */
  id: string;
  created_at: string;
  /** Where to read on. */
  link: string;
} & (
  | { type: AlertMessageType; alert: AlertFacts }
  | { type: 'alert.digest'; digest: DigestFacts }
  | { type: 'channel.test' }
);

export type ChannelKind = 'log' | 'webhook' | 'slack' | 'email';

/** Where one message goes. */
export interface Destination {
  kind: ChannelKind;
  /** Of a webhook or a slack channel. */
  url: string | null;
  /** Of an e-mail channel. */
  recipients: string[];
  /** `whsec_...`: those that sign, the newest first; two while one replaces the other. */
  secrets: string[];
}

/** What became of one attempt. Nothing that a receiver answered is in it but the status. */
export type Delivery =
  | { outcome: 'delivered'; status?: number }
  | {
      outcome: 'failed';
      /** A short class, such as `timeout`, `refused-address`, `http-500` or `name-not-found`. */
      reason: string;
      status?: number;
      /** When the receiver wants to be asked again at the earliest. */
      retryAfterSeconds?: number;
      /** The receiver says that it is no more (410): stop sending there. */
      gone?: boolean;
    };
