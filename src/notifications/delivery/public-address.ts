import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = [Address, number];

/** All of global unicast, of which the registries have given out addresses; what lies outside belongs to nobody. */
const GLOBAL_UNICAST: Network = ipaddr.IPv6.parseCIDR('2000::/3');

/** An address, or a network in CIDR notation. @param text as `AreNetworks` admits it */
export function networkOf(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

export function isWithin(address: string, networks: readonly Network[]): boolean {
  // ::ffff:10.0.0.1 is 10.0.0.1 to the network, so it is to these rules.
  const parsed = ipaddr.process(address);
  return networks.some(
    ([network, prefix]) => network.kind() === parsed.kind() && parsed.match(network as ipaddr.IPv4, prefix),
  );
}

/**
 * Whether an address belongs to somebody on the internet: not to this machine, a private network, a carrier's NAT, a
 * cloud's metadata, a multicast group, documentation, or a tunnel (NAT64, 6to4, Teredo) whose far end may be any of
 * those.
 *
 * @param address in the notation that connects: four decimal parts, or IPv6
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || isWithin(address, [GLOBAL_UNICAST]);
}
