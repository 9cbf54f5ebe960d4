import { ValidationFailed } from './domain-error.js';
import { timeWindow, WINDOW_LENGTHS } from './time-window.js';

const NOW = new Date('2026-05-04T10:30:00Z');
const EARLIER = new Date('2026-05-01T00:00:00Z');

describe('A time window', () => {
  it('of a length ends now, events that are ahead of the clock included', () => {
    expect(WINDOW_LENGTHS.map((window) => timeWindow({ window }, NOW)?.from.toISOString())).toEqual([
      '2026-05-03T10:30:00.000Z',
      '2026-04-27T10:30:00.000Z',
      '2026-04-04T10:30:00.000Z',
    ]);
    expect(timeWindow({ window: '24h' }, NOW)?.to).toEqual(new Date('2026-05-04T10:35:00.001Z'));
  });

  it('may be open at either end', () => {
    expect(timeWindow({ from: EARLIER }, NOW)).toEqual({
      from: EARLIER,
      to: new Date('2026-05-04T10:35:00.001Z'),
    });
    expect(timeWindow({ to: EARLIER }, NOW)).toEqual({ from: new Date('0001-01-01T00:00:00Z'), to: EARLIER });
  });

  it('is none where none is asked for', () => {
    expect(timeWindow({}, NOW)).toBeUndefined();
  });

  it('is refused where it holds no time, or two are asked for', () => {
    expect(() => timeWindow({ from: NOW, to: NOW }, NOW)).toThrow(ValidationFailed);
    expect(() => timeWindow({ from: NOW, to: EARLIER }, NOW)).toThrow(ValidationFailed);
    expect(() => timeWindow({ window: '7d', to: NOW }, NOW)).toThrow(ValidationFailed);
  });
});
