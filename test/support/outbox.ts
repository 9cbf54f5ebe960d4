import { createHash } from 'node:crypto';
import { Config } from '../../src/config/config.js';
import { Clock } from '../../src/domain/clock.js';
import { Destinations } from '../../src/notifications/destinations.js';
import { SecretsKeys } from '../../src/notifications/secrets-keys.js';
import { SECRET } from './delivery.js';
import type { Received } from './receiver.js';
import type { Settings } from './service.js';
import type { TestDatabase } from './test-database.js';

/** Of these tests only. */
const SECRETS_KEY = createHash('sha256').update('a key of these tests').digest('base64');

/** Lets a service send to the receivers of this machine. */
export const SENDING: Settings = {
  SECRETS_KEY,
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_ALLOW_CIDRS: '127.0.0.1',
  DELIVERY_TIMEOUT_SECONDS: '5',
  PUBLIC_URL: 'https://pisync.school.example',
};

export interface OutboxRow {
  id: number;
  message_id: string;
  channel_id: number;
  device_id: string | null;
  transition: string;
  status: string;
  passed: boolean;
  merged_into: number | null;
  attempts: number;
  /** Being sent. */
  leased: boolean;
  /** Seconds from now until the next attempt. */
  next_in: number;
  last_failure: string | null;
  last_status: number | null;
}

/** A message as a receiver sees it. */
export interface Told {
  /** Its `webhook-id`. */
  id: unknown;
  type: string;
  timestamp: string;
  data: {
    link: string;
    alert?: Record<string, unknown>;
    digest?: {
      total: number;
      groups: Record<string, unknown>[];
      worst: Record<string, unknown>[];
      since: string;
      until: string;
    };
  };
}

/** The outbox and what feeds it, by SQL: alerts open and end in one commit, however many. */
export class Outbox {
  private readonly destinations = new Destinations(
    new SecretsKeys(Object.assign(new Config(), { secretsKey: [SECRETS_KEY] })),
    new Clock(),
  );

  constructor(private readonly database: TestDatabase) {}

  async addWebhook(url: string): Promise<number> {
    const [{ id }] = await this.database.query<{ id: string }>(
      `INSERT INTO channels (kind, name, url, secret) VALUES ('webhook', 'test', $1, $2) RETURNING id`,
      [this.destinations.sealUrl(url), this.destinations.sealSecret(SECRET)],
    );
    return Number(id);
  }

  /** A URL as it is kept. */
  sealed(url: string): string {
    return this.destinations.sealUrl(url);
  }

  /** One alert a device, all at the same moment. The devices need not exist. */
  async opens(deviceIds: string[], site: string | null = null): Promise<void> {
    await this.database.query(
      `INSERT INTO devices (device_id, site, first_seen_at, last_contact_at, last_failure_at, consecutive_failures)
       SELECT unnest($1::text[]), $2, now(), now(), now(), 3
       ON CONFLICT (device_id) DO NOTHING`,
      [deviceIds, site],
    );
    await this.database.query(
      `INSERT INTO alerts (device_id, kind, consecutive_failures, first_failed_sync, last_failed_sync)
       SELECT unnest($1::text[]), 'failing', 3, now(), now()`,
      [deviceIds],
    );
  }

  async resolves(deviceIds: string[]): Promise<void> {
    await this.database.query(
      `UPDATE alerts SET status = 'resolved', resolved_at = now(), resolution = 'recovered'
       WHERE device_id = ANY($1) AND resolved_at IS NULL`,
      [deviceIds],
    );
  }

  async reminds(deviceIds: string[]): Promise<void> {
    await this.database.query(
      `UPDATE alerts SET reminders = reminders + 1, last_told_at = now()
       WHERE device_id = ANY($1) AND status = 'open'`,
      [deviceIds],
    );
  }

  /** What is owed to a channel, in the order of its ids. */
  async of(channelId: number): Promise<OutboxRow[]> {
    const rows = await this.database.query<OutboxRow>(
      `SELECT id::int, message_id, channel_id::int, device_id, transition::text, status::text, passed,
         merged_into::int, attempts, lease_token IS NOT NULL AS leased, extract(epoch FROM next_attempt_at - now())::float8 AS next_in,
         last_failure, last_status
       FROM notifications WHERE channel_id = $1 ORDER BY id`,
      [channelId],
    );
    return rows;
  }

  /** As if the time of its next attempts had come. */
  async letTimePass(channelId: number): Promise<void> {
    await this.database.query(
      `UPDATE notifications SET next_attempt_at = now() WHERE channel_id = $1 AND status = 'pending' AND lease_token IS NULL`,
      [channelId],
    );
  }
}

export function told(received: readonly Received[]): Told[] {
  return received.map(({ headers, body }) => ({
    id: headers['webhook-id'],
    ...(JSON.parse(body) as Omit<Told, 'id'>),
  }));
}

/** Names of devices that no other test has. */
export function devices(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}-${String(number).padStart(4, '0')}`);
}
