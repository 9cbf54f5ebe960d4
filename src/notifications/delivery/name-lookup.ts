import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { knownAddresses } from './destination.policy.js';

/** A name server that has not answered by then is asked once more, then the next one. */
const ATTEMPT_MS = 2_500;

/**
 * Looks names up without `getaddrinfo`, which holds one of the process's four worker threads until the name server
 * answers: four receivers whose name servers hang would stop every look-up of every channel, and much besides. What
 * that costs: names are asked for in full (no search domains), after /etc/hosts, and mDNS (`.local`) is not known.
 */
export class NameLookup {
  /** @param servers name servers, `address:port`, instead of the system's */
  constructor(
    private readonly servers?: readonly string[],
    private readonly hostsFile = '/etc/hosts',
  ) {}

  /** All addresses of a host, IPv4 first: where IPv6 is broken, it is broken silently. */
  async addressesOf(hostname: string, signal: AbortSignal): Promise<LookupAddress[]> {
    const name = hostname.replace(/\.$/, '').toLowerCase();
    let addresses = knownAddresses(name);
    if (addresses.length === 0) addresses = await this.inHostsFile(name);
    if (addresses.length === 0) addresses = await this.askServers(name, signal);
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }

  private async askServers(name: string, signal: AbortSignal): Promise<string[]> {
    signal.throwIfAborted();
    // One for each look-up, so that giving up on one cancels no other, and a changed resolv.conf is noticed.
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: 2 });
    if (this.servers) resolver.setServers(this.servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length === 0) throw (answers[0] as PromiseRejectedResult).reason;
      return addresses;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  private async inHostsFile(name: string): Promise<string[]> {
    const text = await readFile(this.hostsFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/))
      .filter(([address, ...names]) => isIP(address) !== 0 && names.includes(name))
      .map(([address]) => address);
  }
}
