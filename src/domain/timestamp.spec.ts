import { parseTimestamp } from './timestamp.js';

describe('A timestamp', () => {
  it.each([
    ['2026-05-04T10:30:00Z', '2026-05-04T10:30:00.000Z'],
    ['2026-05-04 10:30:00Z', '2026-05-04T10:30:00.000Z'],
    ['2026-05-04t10:30:00z', '2026-05-04T10:30:00.000Z'],
    ['2026-05-04T13:30:00+03:00', '2026-05-04T10:30:00.000Z'],
    ['2026-05-04T10:30:00-00:00', '2026-05-04T10:30:00.000Z'],
    ['2026-05-04T10:30:00.5Z', '2026-05-04T10:30:00.500Z'],
    ['2026-05-04T10:30:00.123999999Z', '2026-05-04T10:30:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is read as %s', (text, iso) => {
    expect(parseTimestamp(text)?.toISOString()).toBe(iso);
  });

  it('reads a leap second as the second after it', () => {
    expect(parseTimestamp('2016-12-31T23:59:60Z')?.toISOString()).toBe('2017-01-01T00:00:00.000Z');
    expect(parseTimestamp('2017-01-01T02:59:60.25+03:00')?.toISOString()).toBe('2017-01-01T00:00:00.250Z');
  });

  it.each([
    ['a day that does not exist', '2026-02-30T10:00:00Z'],
    ['29 February in a common year', '2025-02-29T10:00:00Z'],
    ['29 February of 1900', '1900-02-29T10:00:00Z'],
    ['month 13', '2026-13-01T10:00:00Z'],
    ['month 0', '2026-00-01T10:00:00Z'],
    ['24:00', '2026-05-04T24:00:00Z'],
    ['minute 60', '2026-05-04T10:60:00Z'],
    ['second 60 at any other time', '2026-05-04T10:30:60Z'],
    ['second 61', '2016-12-31T23:59:61Z'],
    ['no zone', '2026-05-04T10:30:00'],
    ['a zone without minutes', '2026-05-04T10:30:00+03'],
    ['an offset of a day', '2026-05-04T10:30:00+24:00'],
    ['year 275760', '+275760-09-13T00:00:00Z'],
    ['year 10000 behind an offset', '9999-12-31T23:59:59-01:00'],
    ['year 0', '0000-12-31T00:00:00Z'],
    ['a date alone', '2026-05-04'],
    ['no seconds', '2026-05-04T10:30Z'],
    ['a dot without digits', '2026-05-04T10:30:00.Z'],
    ['a number of seconds', '1777890600'],
    ['text around it', ' 2026-05-04T10:30:00Z'],
    ['a line break after it', '2026-05-04T10:30:00Z\n'],
    ['other digits', '２０２６-05-04T10:30:00Z'],
  ])('refuses %s', (_, text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});
