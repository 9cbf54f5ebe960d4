import type { AlertStatus, ChannelKind, NotificationTransition } from '../generated/prisma/enums.js';

/** One notification whose turn may have come, with all that its next step depends on. */
export interface Candidate {
  readonly transition: NotificationTransition;
  /** An attempt was made, so that a receiver may have it. */
  readonly attempted: boolean;
  /** Of the alert it tells about, now; null for a digest, a test, and an alert that is no more. */
  readonly alertStatus: AlertStatus | null;
  readonly devicePaused: boolean;
  /** When the opening that has to be told first, or the digest that tells it, is tried next. */
  readonly blockedUntil: Date | null;
}

export type CandidateStep = 'send' | 'sendAsPassed' | 'wait' | 'drop';

/** Where a channel's messages go, as it is when a notification is claimed; address and secrets are sealed. */
export interface ClaimedChannel {
  readonly id: number;
  readonly kind: ChannelKind;
  readonly url: string | null;
  readonly recipients: readonly string[];
  readonly secret: string | null;
  readonly previousSecret: string | null;
  readonly previousSecretUntil: Date | null;
}

/** A notification that is this process's to send, until its lease ends. */
export interface ClaimedNotification {
  readonly id: number;
  readonly leaseToken: string;
  readonly messageId: string;
  readonly transition: NotificationTransition;
  readonly passed: boolean;
  readonly alertId: number | null;
  /** As the message says them. */
  readonly facts: unknown;
  readonly createdAt: Date;
  /** This one counted, from 1. */
  readonly attempt: number;
  readonly channel: ClaimedChannel;
}

/** What becomes of a claimed notification. */
export interface Outcome {
  readonly id: number;
  readonly leaseToken: string;
  readonly status: 'delivered' | 'pending' | 'dead';
  /** Until the next attempt, of one that is pending. */
  readonly delaySeconds?: number;
  /** It was claimed, but nothing went out: the attempt does not count. */
  readonly unsent?: boolean;
  /** A short class. */
  readonly failure?: string;
  readonly httpStatus?: number;
  /** Why its channel is sent nothing more, until somebody enables it again. */
  readonly disables?: string;
}

export interface ClaimedRow {
  id: bigint;
  lease_token: string;
  message_id: string;
  transition: NotificationTransition;
  passed: boolean;
  alert_id: bigint | null;
  facts: unknown;
  created_at: Date;
  attempts: number;
  channel_id: bigint;
  channel_kind: ChannelKind;
  url: string | null;
  recipients: string[];
  secret: string | null;
  previous_secret: string | null;
  previous_secret_until: Date | null;
}

export function claimedNotification(row: ClaimedRow): ClaimedNotification {
  return {
    id: Number(row.id),
    leaseToken: row.lease_token,
    messageId: row.message_id,
    transition: row.transition,
    passed: row.passed,
    alertId: row.alert_id === null ? null : Number(row.alert_id),
    facts: row.facts,
    createdAt: row.created_at,
    attempt: row.attempts,
    channel: {
      id: Number(row.channel_id),
      kind: row.channel_kind,
      url: row.url,
      recipients: row.recipients,
      secret: row.secret,
      previousSecret: row.previous_secret,
      previousSecretUntil: row.previous_secret_until,
    },
  };
}
