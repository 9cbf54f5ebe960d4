import { retryAfterSeconds } from './retry-after.js';

describe('Retry-After', () => {
  const now = new Date('2026-05-04T10:30:00.250Z');

  it.each([
    ['120', 120],
    [' 0 ', 0],
    ['Mon, 04 May 2026 10:32:00 GMT', 120],
    ['Mon, 04 May 2026 10:29:00 GMT', 0],
  ])('%s is %i seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  it.each([
    [undefined],
    [''],
    ['-1'],
    ['1.5'],
    ['soon'],
    ['9999999999'],
    ['2026-05-04T10:32:00Z'],
    ['Mon, 99 Foo 2026 10:32:00 GMT'],
  ])('%s says nothing', (header) => {
    expect(retryAfterSeconds(header, now)).toBeUndefined();
  });
});
