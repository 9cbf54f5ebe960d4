import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEnum,
  IsIn,
  IsString,
  MaxLength,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { AlertKind, ChannelKind } from '../generated/prisma/enums.js';
import { AreEmailAddresses } from '../http/are-email-addresses.decorator.js';
import { IsPlainText } from '../http/is-plain-text.decorator.js';

const isGiven = (_: unknown, value: unknown): boolean => value !== undefined;

/** The log is always there, so that nobody makes it. */
const KINDS_TO_MAKE = [ChannelKind.webhook, ChannelKind.slack, ChannelKind.email];

class ChannelRequest {
  /**
   * Where a webhook or Slack channel posts to: https on port 443 or 8443 of a public address, or an address in
   * WEBHOOK_ALLOW_CIDRS. Kept sealed, and shown without what may be a credential in it.
   * @example https://hooks.example.org/pisync
   */
  @ValidateIf(isGiven)
  @IsString()
  @MaxLength(2_048)
  @IsPlainText()
  url?: string;

  /**
   * Whom an e-mail channel writes to, 1 to 20 addresses.
   * @example ["field-team@example.org"]
   */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique()
  @AreEmailAddresses()
  recipients?: string[];

  /** Only alerts of these kinds; none means all. */
  @ApiProperty({ enum: AlertKind, isArray: true, example: [AlertKind.failing], required: false })
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayUnique()
  @IsEnum(AlertKind, { each: true })
  alert_kinds?: AlertKind[];

  /**
   * Only alerts of devices that stand at these sites, up to 100; none means all, devices without a site among them.
   * @example ["Kibera Primary"]
   */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  @IsPlainText({ each: true })
  sites?: string[];

  /**
   * Whether it is told when an alert ends.
   * @example true
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  wants_resolved?: boolean;

  /**
   * Whether it is reminded of alerts that nobody has acknowledged.
   * @example true
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  wants_reminders?: boolean;

  /**
   * Whether alerts are sent there. To enable a channel forgets why the service had disabled it.
   * @example true
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  enabled?: boolean;
}

/** A new channel. What is left out gets its default: all kinds, all sites, resolves and reminders, enabled. */
export class CreateChannelRequest extends ChannelRequest {
  /**
   * `webhook`: signed as Standard Webhooks; `slack`: the incoming webhooks of Slack, Mattermost and, with `/slack` at
   * the end of the URL, Discord; `email`: needs SMTP_URL. There is one `log` channel, and it is always there.
   */
  @ApiProperty({ enum: KINDS_TO_MAKE, example: ChannelKind.webhook })
  @IsIn(KINDS_TO_MAKE, { message: 'kind must be webhook, slack or email; the log channel is always there' })
  kind: 'webhook' | 'slack' | 'email';

  /**
   * What people call it, 1 to 200 characters.
   * @example Field team
   */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsPlainText()
  name: string;
}

/** What an operator may change of a channel. What is left out stays; its kind cannot change. */
export class UpdateChannelRequest extends ChannelRequest {
  /**
   * What people call it, 1 to 200 characters.
   * @example Field team
   */
  @ValidateIf(isGiven)
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsPlainText()
  name?: string;
}
