import { isPublic, isWithin, networkOf } from './public-address.js';

describe('A public address', () => {
  it.each([
    ['8.8.8.8'],
    ['9.255.255.255'],
    ['11.0.0.0'],
    ['100.63.255.255'],
    ['100.128.0.0'],
    ['126.255.255.255'],
    ['128.0.0.0'],
    ['169.253.255.255'],
    ['169.255.0.0'],
    ['172.15.255.255'],
    ['172.32.0.0'],
    ['192.167.255.255'],
    ['192.169.0.0'],
    ['198.17.255.255'],
    ['198.20.0.0'],
    ['223.255.255.255'],
    ['2001:4860:4860::8888'],
    ['2606:4700:4700::1111'],
    ['2003::1'],
  ])('is %s', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each([
    ['0.0.0.0', 'this network'],
    ['0.1.2.3', 'this network'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['100.64.0.0', 'carrier NAT'],
    ['100.100.100.200', 'metadata of a cloud'],
    ['100.127.255.255', 'carrier NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.0.0', 'link-local'],
    ['169.254.169.254', 'metadata of most clouds'],
    ['169.254.255.255', 'link-local'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.1', 'protocol assignments'],
    ['192.0.0.192', 'metadata of a cloud'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4 relay'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['198.18.0.0', 'benchmarks'],
    ['198.19.255.255', 'benchmarks'],
    ['198.51.100.1', 'documentation'],
    ['203.0.113.1', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible, long withdrawn'],
    ['::ffff:127.0.0.1', 'loopback, mapped'],
    ['::ffff:a9fe:a9fe', 'metadata, mapped'],
    ['::ffff:10.0.0.1', 'private, mapped'],
    ['::ffff:0:7f00:1', 'loopback, translated'],
    ['64:ff9b::7f00:1', 'loopback behind NAT64'],
    ['64:ff9b::a9fe:a9fe', 'metadata behind NAT64'],
    ['64:ff9b::808:808', 'NAT64'],
    ['64:ff9b:1::a9fe:a9fe', 'metadata behind a local NAT64'],
    ['100::1', 'discard'],
    ['1::1', 'outside of what is given out'],
    ['4000::1', 'outside of what is given out'],
    ['2001::1', 'Teredo'],
    ['2001:0:7f00:1::', 'Teredo'],
    ['2001:2::1', 'benchmarks'],
    ['2001:10::1', 'ORCHID'],
    ['2001:20::1', 'ORCHIDv2'],
    ['2001:db8::1', 'documentation'],
    ['3fff::1', 'documentation'],
    ['2002:7f00:1::1', 'loopback behind 6to4'],
    ['2002:a9fe:a9fe::', 'metadata behind 6to4'],
    ['5f00::1', 'segment routing'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'metadata of a cloud'],
    ['fe80::1', 'link-local'],
    ['fe80::1%lo', 'link-local, with its zone'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['localhost', 'no address'],
    ['127.1', 'not as an address is written'],
    ['', 'nothing'],
  ])('is not %s (%s)', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

describe('A network of our own', () => {
  const networks = ['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '2001:db8::1'].map(networkOf);

  it.each([['10.1.2.3'], ['192.168.1.7'], ['fd12::1'], ['2001:db8::1'], ['::ffff:10.1.2.3']])(
    'has %s in it',
    (address) => {
      expect(isWithin(address, networks)).toBe(true);
    },
  );

  it.each([['11.0.0.0'], ['192.168.1.8'], ['fe00::1'], ['2001:db8::2'], ['::ffff:11.0.0.1'], ['::1']])(
    'has not %s in it',
    (address) => {
      expect(isWithin(address, networks)).toBe(false);
    },
  );
});
