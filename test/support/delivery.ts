import { Config } from '../../src/config/config.js';
import { Clock } from '../../src/domain/clock.js';
import { DestinationPolicy } from '../../src/notifications/delivery/destination.policy.js';
import { HttpPost } from '../../src/notifications/delivery/http-post.js';
import { MessageDelivery } from '../../src/notifications/delivery/message-delivery.js';
import { NameLookup } from '../../src/notifications/delivery/name-lookup.js';
import { Destination } from '../../src/notifications/message.js';
import { NameServer } from './name-server.js';
import { TEST_AUTHORITY } from './receiver.js';

/** The delivery as the service makes it, but for the name server it asks and the authority it trusts. */
export function aDelivery(
  settings: Partial<Config> = {},
  surroundings: { nameServer?: NameServer; hostsFile?: string; ca?: string | null; clock?: Clock } = {},
): MessageDelivery {
  const { nameServer, hostsFile, ca = TEST_AUTHORITY, clock = new Clock() } = surroundings;
  const config = Object.assign(new Config(), settings);
  const policy = new DestinationPolicy(config);
  const names = new NameLookup(nameServer && [nameServer.address], hostsFile);
  return new MessageDelivery(config, policy, new HttpPost(policy, names, ca === null ? {} : { ca }), clock);
}

/** Lets it reach the receivers of this machine. */
export const LOCAL: Partial<Config> = {
  webhookAllowCidrs: ['127.0.0.1'],
  webhookAllowHttp: true,
  deliveryTimeoutSeconds: 1,
};

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export function webhookTo(url: string, secrets = [SECRET]): Destination {
  return { kind: 'webhook', url, recipients: [], secrets };
}
