import { ApiProperty } from '@nestjs/swagger';
import { StoredChannel } from '../database/channel.repository.js';
import { AlertKind, ChannelKind } from '../generated/prisma/enums.js';

/** Where alerts go. */
export class ChannelDto {
  /** @example 2 */
  id: number;

  /** What it is; it never changes. */
  @ApiProperty({ enum: ChannelKind, example: ChannelKind.webhook })
  kind: ChannelKind;

  /** @example Field team */
  name: string;

  /**
   * Where a webhook or Slack channel posts to, without what may be a credential in it: the host and the last four
   * characters.
   * @example https://hooks.example.org/…sync
   */
  url: string | null;

  /**
   * Whom an e-mail channel writes to.
   * @example []
   */
  recipients: string[];

  /** Only alerts of these kinds; none means all. */
  @ApiProperty({ enum: AlertKind, isArray: true, example: [AlertKind.failing] })
  alert_kinds: AlertKind[];

  /**
   * Only alerts of devices that stand at these sites; none means all.
   * @example ["Kibera Primary"]
   */
  sites: string[];

  /**
   * Whether it is told when an alert ends.
   * @example true
   */
  wants_resolved: boolean;

  /**
   * Whether it is reminded of alerts that nobody has acknowledged.
   * @example true
   */
  wants_reminders: boolean;

  /**
   * Whether alerts are sent there.
   * @example true
   */
  enabled: boolean;

  /**
   * Why the service itself stopped sending there; null unless it did.
   * @example null
   */
  disabled_reason: string | null;

  /**
   * Until when a webhook's previous secret signs, too; null without one.
   * @example null
   */
  previous_secret_until: Date | null;

  /**
   * Why nothing can be sent there, such as a key that SECRETS_KEY no longer lists; null when all is well.
   * @example null
   */
  problem: string | null;

  /** @example 2026-05-04T10:30:02.113Z */
  created_at: Date;

  /** @example 2026-05-04T10:30:02.113Z */
  updated_at: Date;
}

/** A channel with the secret that is never shown again. */
export class ChannelWithSecretDto extends ChannelDto {
  /**
   * What a webhook's receiver verifies signatures with. Keep it now: it is never shown again. Null for other kinds.
   * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=
   */
  secret: string | null;
}

/** What a channel's address looks like to people, or why it cannot be read. */
export type ShownAddress = Pick<ChannelDto, 'url' | 'problem'>;

export function channelDto(channel: StoredChannel, { url, problem }: ShownAddress): ChannelDto {
  return {
    id: channel.id,
    kind: channel.kind,
    name: channel.name,
    url,
    recipients: [...channel.recipients],
    alert_kinds: [...channel.alertKinds],
    sites: [...channel.sites],
    wants_resolved: channel.wantsResolved,
    wants_reminders: channel.wantsReminders,
    enabled: channel.enabled,
    disabled_reason: channel.disabledReason,
    previous_secret_until: channel.previousSecretUntil,
    problem,
    created_at: channel.createdAt,
    updated_at: channel.updatedAt,
  };
}
