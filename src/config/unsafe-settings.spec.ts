import { isLoopback } from './unsafe-settings.js';

describe('An address to listen on', () => {
  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LocalHost',
  ])('is for this machine alone: %s', (host) => expect(isLoopback(host)).toBe(true));

  it.each([
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '192.168.1.10',
    '::ffff:192.168.1.10',
    'fe80::1',
    'pisync.example',
    'localhost.example',
    '127.0.0.1.example',
    // Names to Node, whatever a resolver makes of them.
    '127.1',
    '2130706433',
  ])('may be reached by others: %s', (host) => expect(isLoopback(host)).toBe(false));
});
