import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ChannelRepository } from '../database/channel.repository.js';
import { Destinations } from './destinations.js';
import { SecretUnreadable } from './secret-box.js';

/** Read at once. */
const CHANNELS_AT_ONCE = 500;

/**
 * Seals anew, at start, what an older key has sealed, so that the older one can be taken out of SECRETS_KEY. Several
 * replicas may do so at once; one that a change overtakes leaves that channel as it is.
 */
@Injectable()
export class ResealChannels implements OnApplicationBootstrap {
  private readonly logger = new Logger('Channels');

  constructor(
    private readonly channels: ChannelRepository,
    private readonly destinations: Destinations,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.secretsKey.length < 2) return;
    let resealed = 0;
    for (let afterId = -1, more = true; more;) {
      const channels = await this.channels.inIdOrder({ afterId, limit: CHANNELS_AT_ONCE });
      for (const channel of channels) {
        try {
          const sealed = this.destinations.resealed(channel);
          if (sealed && (await this.channels.replaceSealed(channel, sealed))) resealed += 1;
        } catch (error) {
          if (!(error instanceof SecretUnreadable)) throw error;
          this.logger.warn(`Channel ${channel.id} cannot be sent to: ${error.message}`);
        }
      }
      afterId = channels.at(-1)?.id ?? afterId;
      more = channels.length === CHANNELS_AT_ONCE;
    }
    if (resealed > 0) this.logger.log(`${resealed} channels are sealed with the newest key now.`);
  }
}
