import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import {
  ChannelQuery,
  ChannelRepository,
  ChannelSettings,
  StoredChannel,
} from '../database/channel.repository.js';
import { ChannelKind } from '../generated/prisma/enums.js';
import { ChannelHasNoSecret, ChannelNotFound, LogChannelStays, SmtpNotConfigured } from './channel.errors.js';
import { demandAddress, demandFittingAddress } from './channel-fields.rule.js';
import { MessageDelivery } from './delivery/message-delivery.js';
import { newWebhookSecret } from './delivery/webhook-signature.js';
import { Destinations } from './destinations.js';
import { SecretUnreadable } from './secret-box.js';
import { SecretsKeyMissing } from './secrets-keys.js';

/** What an operator gives for a new channel; the log is always there already. */
export interface WantedChannel extends ChannelSettings {
  readonly kind: Exclude<ChannelKind, 'log'>;
  readonly name: string;
}

/** A channel with the one secret that nobody can ask for again; null for the kinds that have none. */
export interface ChannelWithSecret {
  readonly channel: StoredChannel;
  readonly secret: string | null;
}

@Injectable()
export class ChannelsService {
  constructor(
    private readonly channels: ChannelRepository,
    private readonly destinations: Destinations,
    private readonly delivery: MessageDelivery,
    private readonly config: Config,
  ) {}

  /** @throws ValidationFailed; SecretsKeyMissing or SmtpNotConfigured where it could not be sent to */
  async create(wanted: WantedChannel): Promise<ChannelWithSecret> {
    demandAddress(wanted.kind, wanted);
    if (wanted.url !== undefined) this.delivery.assertDestinationAllowed(wanted.url);
    if (wanted.kind === 'email' && this.config.smtpUrl === undefined) throw new SmtpNotConfigured();
    const secret = wanted.kind === 'webhook' ? newWebhookSecret() : null;
    const channel = await this.channels.create({
      ...wanted,
      ...this.sealed(wanted),
      secret: secret === null ? undefined : this.destinations.sealSecret(secret),
    });
    return { channel, secret };
  }

  list(query: ChannelQuery): Promise<StoredChannel[]> {
    return this.channels.inIdOrder(query);
  }

  /** @throws ChannelNotFound */
  async get(id: number): Promise<StoredChannel> {
    const channel = await this.channels.find(id);
    if (!channel) throw new ChannelNotFound(id);
    return channel;
  }

  /** @throws ChannelNotFound; ValidationFailed; SecretsKeyMissing */
  async change(id: number, changes: ChannelSettings): Promise<StoredChannel> {
    const { kind } = await this.get(id);
    demandFittingAddress(kind, changes);
    if (changes.url !== undefined) this.delivery.assertDestinationAllowed(changes.url);
    if (!(await this.channels.change(id, { ...changes, ...this.sealed(changes) })))
      throw new ChannelNotFound(id);
    return this.get(id);
  }

  /** @throws ChannelNotFound; LogChannelStays */
  async delete(id: number): Promise<void> {
    const { kind } = await this.get(id);
    if (kind === 'log') throw new LogChannelStays();
    if (!(await this.channels.delete(id))) throw new ChannelNotFound(id);
  }

  /**
   * @param overlapHours for how long the old secret signs, too
   * @throws ChannelNotFound; ChannelHasNoSecret
   */
  async rotateSecret(id: number, overlapHours: number): Promise<ChannelWithSecret> {
    const { kind } = await this.get(id);
    if (kind !== 'webhook') throw new ChannelHasNoSecret(kind);
    const secret = newWebhookSecret();
    if (!(await this.channels.replaceSecret(id, this.destinations.sealSecret(secret), overlapHours)))
      throw new ChannelNotFound(id);
    return { channel: await this.get(id), secret };
  }

  /** A channel's address as people may see it; one that cannot be read must not hide all the others. */
  shownAddress(channel: StoredChannel): { url: string | null; problem: string | null } {
    try {
      return { url: this.destinations.shownUrl(channel), problem: null };
    } catch (error) {
      if (error instanceof SecretUnreadable || error instanceof SecretsKeyMissing)
        return { url: null, problem: error.message };
      throw error;
    }
  }

  private sealed({ url }: ChannelSettings): { url?: string } {
    return { url: url === undefined ? undefined : this.destinations.sealUrl(url) };
  }
}
