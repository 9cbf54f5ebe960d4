import { Injectable } from '@nestjs/common';
import { StoredChannel } from '../database/channel.repository.js';
import { Clock } from '../domain/clock.js';
import { maskedUrl } from './masked-url.js';
import { Destination } from './message.js';
import { SecretsKeys } from './secrets-keys.js';

/** What is kept of a channel's address and secrets: sealed. */
export type SealedDestination = Pick<
  StoredChannel,
  'kind' | 'url' | 'recipients' | 'secret' | 'previousSecret' | 'previousSecretUntil'
>;

export type SealedValues = Pick<StoredChannel, 'url' | 'secret' | 'previousSecret'>;

/** Each value opens for what it was sealed for; part of what is stored, so it never changes. */
const URL_PURPOSE = 'channel url';
const SECRET_PURPOSE = 'channel secret';

/**
 * Between the channels as they are stored and as they are sent to: nobody else opens what is sealed. A whole URL
 * is sealed, for Slack's is a credential, and others' often carry one in their path.
 */
@Injectable()
export class Destinations {
  constructor(
    private readonly keys: SecretsKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Where a channel's messages go.
   *
   * @throws SecretUnreadable when the key that sealed the channel is not there
   */
  of(channel: SealedDestination): Destination {
    const { kind, recipients, secret, previousSecret, previousSecretUntil } = channel;
    const stillSigns = previousSecretUntil !== null && previousSecretUntil > this.clock.now();
    return {
      kind,
      url: this.urlOf(channel),
      recipients: [...recipients],
      secrets: [secret, stillSigns ? previousSecret : null]
        .filter((sealed) => sealed !== null)
        .map((sealed) => this.keys.box().open(sealed, SECRET_PURPOSE)),
    };
  }

  /** A channel's URL as it may be shown. @throws SecretUnreadable */
  shownUrl(channel: Pick<SealedDestination, 'url'>): string | null {
    const url = this.urlOf(channel);
    return url === null ? null : maskedUrl(url);
  }

  /** @throws SecretsKeyMissing */
  sealUrl(url: string): string {
    return this.keys.box().seal(url, URL_PURPOSE);
  }

  /** @throws SecretsKeyMissing */
  sealSecret(secret: string): string {
    return this.keys.box().seal(secret, SECRET_PURPOSE);
  }

  /**
   * What an older key sealed, sealed with the newest.
   *
   * @returns undefined when there is nothing of that kind
   * @throws SecretUnreadable
   */
  resealed({ url, secret, previousSecret }: SealedValues): SealedValues | undefined {
    const box = this.keys.box();
    const values = [url, secret, previousSecret].filter((sealed) => sealed !== null);
    if (values.every((sealed) => box.isCurrent(sealed))) return undefined;
    const again = (sealed: string | null, purpose: string): string | null =>
      sealed === null ? null : box.seal(box.open(sealed, purpose), purpose);
    return {
      url: again(url, URL_PURPOSE),
      secret: again(secret, SECRET_PURPOSE),
      previousSecret: again(previousSecret, SECRET_PURPOSE),
    };
  }

  private urlOf({ url }: Pick<SealedDestination, 'url'>): string | null {
    return url === null ? null : this.keys.box().open(url, URL_PURPOSE);
  }
}
