import { ValidationFailed } from '../domain/domain-error.js';
import { bucketStarts, endOfBuckets, MOST_BUCKETS } from './activity-buckets.js';

const NOW = new Date('2026-05-04T10:30:00Z');
const at = (time: string): Date => new Date(time);
const isoOf = (dates: readonly Date[]): string[] => dates.map((date) => date.toISOString());

describe('The buckets of an activity', () => {
  it('are the 24 hours that end with the one under way', () => {
    const starts = bucketStarts('hour', NOW);
    expect(starts).toHaveLength(24);
    expect(starts[0]).toEqual(at('2026-05-03T11:00:00Z'));
    expect(starts[23]).toEqual(at('2026-05-04T10:00:00Z'));
  });

  it('are the 30 UTC days that end with the one under way', () => {
    const starts = bucketStarts('day', NOW);
    expect(starts).toHaveLength(30);
    expect(starts[0]).toEqual(at('2026-04-05T00:00:00Z'));
    expect(starts[29]).toEqual(at('2026-05-04T00:00:00Z'));
    expect(endOfBuckets('day', starts)).toEqual(at('2026-05-05T00:00:00Z'));
  });

  it('are those that the range touches, without the one that begins where it ends', () => {
    expect(isoOf(bucketStarts('hour', NOW, at('2026-05-04T08:59:59Z'), at('2026-05-04T10:00:00Z')))).toEqual([
      '2026-05-04T08:00:00.000Z',
      '2026-05-04T09:00:00.000Z',
    ]);
  });

  it('may lie before 1970', () => {
    expect(isoOf(bucketStarts('day', NOW, at('1969-12-31T12:00:00Z'), at('1970-01-01T00:00:01Z')))).toEqual([
      '1969-12-31T00:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
    ]);
  });

  it('end with a moment before now, or there are none', () => {
    expect(() => bucketStarts('hour', NOW, NOW)).toThrow(ValidationFailed);
    expect(() => bucketStarts('hour', NOW, NOW, at('2026-05-04T10:00:00Z'))).toThrow(ValidationFailed);
  });

  it(`are at most ${MOST_BUCKETS}`, () => {
    const from = at('2026-01-01T00:00:00Z');
    const latest = from.getTime() + MOST_BUCKETS * 3_600_000;
    expect(bucketStarts('hour', NOW, from, new Date(latest))).toHaveLength(MOST_BUCKETS);
    expect(() => bucketStarts('hour', NOW, from, new Date(latest + 1))).toThrow(ValidationFailed);
  });
});
