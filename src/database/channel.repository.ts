import { Injectable } from '@nestjs/common';
import { AlertKind, Channel, ChannelKind, Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** A channel as it is kept; its address and secrets are sealed (src/notifications/destinations.ts). */
export interface StoredChannel {
  readonly id: number;
  readonly kind: ChannelKind;
  readonly name: string;
  /** Sealed; null for the kinds that have none. */
  readonly url: string | null;
  readonly recipients: readonly string[];
  /** Sealed; of a webhook. */
  readonly secret: string | null;
  /** Sealed; signs too, until then. */
  readonly previousSecret: string | null;
  readonly previousSecretUntil: Date | null;
  /** None means all of them. */
  readonly alertKinds: readonly AlertKind[];
  /** None means all of them. */
  readonly sites: readonly string[];
  readonly wantsResolved: boolean;
  readonly wantsReminders: boolean;
  readonly enabled: boolean;
  /** Why the service itself stopped sending there. */
  readonly disabledReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What an operator decides; what is left out stays, or gets its default. */
export interface ChannelSettings {
  readonly name?: string;
  readonly url?: string;
  readonly recipients?: readonly string[];
  readonly alertKinds?: readonly AlertKind[];
  readonly sites?: readonly string[];
  readonly wantsResolved?: boolean;
  readonly wantsReminders?: boolean;
  readonly enabled?: boolean;
}

export interface NewChannel extends ChannelSettings {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly secret?: string;
}

export interface ChannelQuery {
  /** Only channels made after this one. */
  readonly afterId?: number;
  readonly limit: number;
}

@Injectable()
export class ChannelRepository {
  constructor(private readonly prisma: PrismaService) {}

  async create(channel: NewChannel): Promise<StoredChannel> {
    const { kind, secret, name } = channel;
    return storedChannel(
      await asked(() => this.prisma.channel.create({ data: { ...settings(channel), kind, secret, name } })),
    );
  }

  async find(id: number): Promise<StoredChannel | undefined> {
    const channel = await asked(() => this.prisma.channel.findUnique({ where: { id: BigInt(id) } }));
    return channel ? storedChannel(channel) : undefined;
  }

  /** In the order they were made; the log is the first. */
  async inIdOrder({ afterId, limit }: ChannelQuery): Promise<StoredChannel[]> {
    const channels = await asked(() =>
      this.prisma.channel.findMany({
        where: { id: afterId === undefined ? undefined : { gt: BigInt(afterId) } },
        orderBy: { id: 'asc' },
        take: limit,
      }),
    );
    return channels.map(storedChannel);
  }

  /**
   * What had disabled the channel is forgotten as soon as somebody enables it.
   *
   * @returns false when there is no such channel
   */
  async change(id: number, changes: ChannelSettings): Promise<boolean> {
    const { count } = await asked(() =>
      this.prisma.channel.updateMany({
        where: { id: BigInt(id) },
        data: {
          ...settings(changes),
          disabledReason: changes.enabled === true ? null : undefined,
          updatedAt: new Date(),
        },
      }),
    );
    return count > 0;
  }

  /**
   * The secret that was there goes on signing for a while, by the database's clock; one that an earlier change had
   * left behind does no longer. In one statement, so that of two changes at once neither secret is lost unseen.
   *
   * @param overlapHours 0 ends the old secret at once
   * @returns false when there is no such channel, or it has no secret
   */
  async replaceSecret(id: number, secret: string, overlapHours: number): Promise<boolean> {
    const replaced = await asked(
      () => this.prisma.$executeRaw`
        UPDATE channels SET
          secret = ${secret},
          previous_secret = CASE WHEN ${overlapHours}::integer > 0 THEN channels.secret END,
          previous_secret_until =
            CASE WHEN ${overlapHours}::integer > 0 THEN CURRENT_TIMESTAMP + make_interval(hours => ${overlapHours}::integer) END,
          updated_at = CURRENT_TIMESTAMP
        WHERE channels.id = ${id}::bigint AND channels.secret IS NOT NULL`,
    );
    return replaced > 0;
  }

  /** @returns false when one of them has changed since the channel was read, or the channel is gone */
  async replaceSealed(
    { id, url, secret, previousSecret }: StoredChannel,
    sealed: Pick<StoredChannel, 'url' | 'secret' | 'previousSecret'>,
  ): Promise<boolean> {
    const { count } = await asked(() =>
      this.prisma.channel.updateMany({
        where: { id: BigInt(id), url, secret, previousSecret },
        data: sealed,
      }),
    );
    return count > 0;
  }

  /** With what it was owed and what was sent to it. @returns false when there is no such channel */
  async delete(id: number): Promise<boolean> {
    const { count } = await asked(() => this.prisma.channel.deleteMany({ where: { id: BigInt(id) } }));
    return count > 0;
  }
}

function settings(
  given: ChannelSettings,
): Omit<Prisma.ChannelCreateInput, 'kind' | 'name'> & { name?: string } {
  const { name, url, recipients, alertKinds, sites, wantsResolved, wantsReminders, enabled } = given;
  return {
    name,
    url,
    recipients: recipients && [...recipients],
    alertKinds: alertKinds && [...alertKinds],
    sites: sites && [...sites],
    wantsResolved,
    wantsReminders,
    enabled,
  };
}

function storedChannel(channel: Channel): StoredChannel {
  return { ...channel, id: Number(channel.id) };
}
