import { maskedUrl } from './masked-url.js';

describe('A masked URL', () => {
  it.each([
    ['https://hooks.slack.com/services/T00/B00/canaryXy9z', 'https://hooks.slack.com/…Xy9z'],
    ['https://hooks.example.org:8443/pisync/alerts?key=canary1234', 'https://hooks.example.org:8443/…1234'],
    ['https://hooks.example.org/?key=canary1234', 'https://hooks.example.org/…1234'],
    ['https://hooks.example.org/pisync#fragment', 'https://hooks.example.org/…'],
    ['https://hooks.example.org/short-canary', 'https://hooks.example.org/…'],
    ['https://hooks.example.org/', 'https://hooks.example.org'],
    ['https://hooks.example.org', 'https://hooks.example.org'],
    ['https://[2001:db8::1]/0123456789abcdef', 'https://[2001:db8::1]/…cdef'],
  ])('%s is shown as %s', (url, shown) => {
    expect(maskedUrl(url)).toBe(shown);
  });
});
