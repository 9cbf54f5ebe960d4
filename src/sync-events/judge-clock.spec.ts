import { judgeClock } from './judge-clock.js';

const RECEIVED = new Date('2026-05-04T12:00:00Z');

const minutes = (count: number): number => count * 60_000;
const receivedPlus = (milliseconds: number): Date => new Date(RECEIVED.getTime() + milliseconds);

describe('The time of an event', () => {
  it('is the reported one where that is plausible', () => {
    const reported = new Date('2026-04-11T08:00:00Z');
    expect(judgeClock(reported, RECEIVED, null)).toEqual({ effectiveAt: reported, clock: 'ok' });
  });

  it('is the time of arrival where none was reported', () => {
    expect(judgeClock(null, RECEIVED, null)).toEqual({ effectiveAt: RECEIVED, clock: 'missing' });
    expect(judgeClock(null, RECEIVED, new Date(0))).toEqual({ effectiveAt: RECEIVED, clock: 'missing' });
  });

  it.each(['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '2019-12-31T23:59:59.999Z'])(
    'is the time of arrival for %s, before there were such devices',
    (reported) => {
      expect(judgeClock(new Date(reported), RECEIVED, null)).toEqual({
        effectiveAt: RECEIVED,
        clock: 'behind',
      });
    },
  );

  it.each(['2036-02-07T06:28:16Z', '2099-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])(
    'is the time of arrival for %s, which has not come yet',
    (reported) => {
      expect(judgeClock(new Date(reported), RECEIVED, null)).toEqual({
        effectiveAt: RECEIVED,
        clock: 'ahead',
      });
    },
  );

  it('is the reported one from the first moment of 2020 up to five minutes ahead', () => {
    const first = new Date('2020-01-01T00:00:00Z');
    expect(judgeClock(first, RECEIVED, null)).toEqual({ effectiveAt: first, clock: 'ok' });
    const latest = receivedPlus(minutes(5));
    expect(judgeClock(latest, RECEIVED, null)).toEqual({ effectiveAt: latest, clock: 'ok' });
    expect(judgeClock(receivedPlus(minutes(5) + 1), RECEIVED, null).clock).toBe('ahead');
  });
});

describe('A clock that sent_at shows to be wrong', () => {
  it('is corrected by its error', () => {
    const judged = judgeClock(new Date('1970-01-01T01:00:00Z'), RECEIVED, new Date('1970-01-01T03:00:00Z'));
    expect(judged).toEqual({ effectiveAt: receivedPlus(-minutes(120)), clock: 'corrected' });
  });

  it('is corrected when it is ahead, too', () => {
    const judged = judgeClock(receivedPlus(minutes(60)), RECEIVED, receivedPlus(minutes(70)));
    expect(judged).toEqual({ effectiveAt: receivedPlus(-minutes(10)), clock: 'corrected' });
  });

  it('is left alone up to two minutes, the delay of a slow line', () => {
    const reported = receivedPlus(-minutes(30));
    expect(judgeClock(reported, RECEIVED, receivedPlus(-minutes(2)))).toEqual({
      effectiveAt: reported,
      clock: 'ok',
    });
    expect(judgeClock(reported, RECEIVED, receivedPlus(-minutes(2) - 1)).clock).toBe('corrected');
  });

  it('is still ahead or behind when the corrected time cannot be', () => {
    expect(judgeClock(new Date('1900-01-01T00:00:00Z'), RECEIVED, new Date(0)).clock).toBe('behind');
    expect(judgeClock(new Date('1970-01-02T00:00:00Z'), RECEIVED, new Date(0)).clock).toBe('ahead');
  });
});
