import { isIP } from 'node:net';
import { Config } from '../../config/config.js';
import { DeliveryFailure } from './delivery-failure.js';
import { isPublic, isWithin, Network, networkOf } from './public-address.js';

/** What webhooks are served on. Everything else is more likely a database than a receiver. */
const PUBLIC_PORTS: Record<string, readonly number[]> = { 'https:': [443, 8443], 'http:': [80] };

/** Longer ones are no address that somebody gave out. */
const LONGEST_URL = 2_048;

/** `localhost` and its subdomains never leave the machine (RFC 6761), whatever a name server says of them. */
const LOCALHOST = /^(.+\.)?localhost\.?$/;

type Refusal = readonly [reason: string, forPeople: string];

const REFUSED_ADDRESS: Refusal = [
  'refused-address',
  'must not point to a private, local or reserved address; WEBHOOK_ALLOW_CIDRS can name networks that are allowed',
];
const REFUSED_PORT: Refusal = [
  'refused-port',
  'must use port 443 or 8443; any other only in the networks of WEBHOOK_ALLOW_CIDRS',
];

/**
 * Where messages may go, so that nobody reaches a database, a router or a cloud's metadata by making a channel of its
 * address (OWASP API7, server-side request forgery).
 *
 * Public addresses: https on 443 and 8443, or http on 80 with WEBHOOK_ALLOW_HTTP. Addresses in WEBHOOK_ALLOW_CIDRS:
 * any port. The service's own listeners need no rule of their own: by a public address they are not on those ports,
 * and by a private one they are refused.
 *
 * Own code, because the library tried (request-filtering-agent 3.2) takes addresses outside of 2000::/3 for public,
 * writes a warning to the console for each address of the other family than a listed network, gives its refusals no
 * code to tell them by, and cannot make the port depend on the address.
 */
export class DestinationPolicy {
  private readonly allowedNetworks: readonly Network[];
  private readonly allowsHttp: boolean;

  constructor(config: Pick<Config, 'webhookAllowCidrs' | 'webhookAllowHttp'>) {
    this.allowedNetworks = config.webhookAllowCidrs.map(networkOf);
    this.allowsHttp = config.webhookAllowHttp;
  }

  /** What is wrong with a URL that can be told without asking for its name; for people. */
  problemOf(text: string): string | undefined {
    return this.refusalOf(text)?.[1];
  }

  /**
   * The only check that literal addresses get: Node looks nothing up for them.
   *
   * @throws DeliveryFailure if the URL alone says that nothing may go there
   */
  demandAllowed(text: string): URL {
    const refusal = this.refusalOf(text);
    if (refusal) throw new DeliveryFailure(refusal[0]);
    return new URL(text);
  }

  /**
   * Asked about the very addresses that are about to be connected to.
   *
   * @throws DeliveryFailure if any of them is denied: a name with a good and a bad address is somebody's attempt
   */
  demandAllConnectable(addresses: readonly string[], url: URL): void {
    for (const address of addresses) {
      const refusal = this.refusalToConnect(address, url);
      if (refusal) throw new DeliveryFailure(refusal[0]);
    }
  }

  private refusalOf(text: string): Refusal | undefined {
    // The URL parser drops blanks and takes a backslash for a slash; what people read there is something else.
    if (text.length > LONGEST_URL || /[\s\\\p{Cc}]/u.test(text) || !URL.canParse(text))
      return ['refused-url', 'must be a URL like https://hooks.example.org/pisync, up to 2,048 characters'];
    const url = new URL(text);
    if (url.protocol !== 'https:' && !(this.allowsHttp && url.protocol === 'http:'))
      return ['refused-scheme', `must begin with https://${this.allowsHttp ? ' or http://' : ''}`];
    if (url.username !== '' || url.password !== '')
      return ['refused-url', 'must carry neither user name nor password'];

    const addresses = knownAddresses(url.hostname);
    if (addresses.length > 0)
      return addresses.map((address) => this.refusalToConnect(address, url)).find(Boolean);
    // Which network a name is in turns out when it is looked up.
    return this.allowedNetworks.length === 0 && !isPublicPort(url) ? REFUSED_PORT : undefined;
  }

  private refusalToConnect(address: string, url: URL): Refusal | undefined {
    if (isWithin(address, this.allowedNetworks)) return undefined;
    if (!isPublic(address)) return REFUSED_ADDRESS;
    return isPublicPort(url) ? undefined : REFUSED_PORT;
  }
}

/** The addresses of a host that needs no look-up. URL has already made 127.0.0.1 of 0x7f.1 and the like. */
export function knownAddresses(hostname: string): string[] {
  if (LOCALHOST.test(hostname)) return ['127.0.0.1'];
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? [] : [address];
}

function isPublicPort(url: URL): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return PUBLIC_PORTS[url.protocol].includes(port);
}
