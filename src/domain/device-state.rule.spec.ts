import { deviceState } from './device-state.rule.js';

const NOW = new Date('2026-05-04T12:00:00Z');
const HOUR = 3_600;
const THREE_DAYS = 72 * HOUR;

const stateAfter = (seconds: number, expectedIntervalSeconds = HOUR, outageSeconds = 0): string =>
  deviceState(
    { lastContactAt: new Date(NOW.getTime() - seconds * 1_000), outageSeconds, expectedIntervalSeconds },
    NOW,
    THREE_DAYS,
  );

describe('The state of a device', () => {
  it('is online up to two expected intervals after its last contact', () => {
    expect(stateAfter(0)).toBe('online');
    expect(stateAfter(2 * HOUR)).toBe('online');
  });

  it('is late after that', () => {
    expect(stateAfter(2 * HOUR + 1)).toBe('late');
    expect(stateAfter(THREE_DAYS)).toBe('late');
  });

  it('is silent after the least silence that the service alerts on', () => {
    expect(stateAfter(THREE_DAYS + 1)).toBe('silent');
  });

  it('is silent only after three intervals where those are longer', () => {
    const week = 7 * 24 * HOUR;
    expect(stateAfter(THREE_DAYS + 1, week)).toBe('online');
    expect(stateAfter(3 * week, week)).toBe('late');
    expect(stateAfter(3 * week + 1, week)).toBe('silent');
  });

  it('does not count the time in which the service was away', () => {
    expect(stateAfter(3 * HOUR, HOUR, HOUR)).toBe('online');
    expect(stateAfter(3 * HOUR + 1, HOUR, HOUR)).toBe('late');
    expect(stateAfter(THREE_DAYS + HOUR, HOUR, HOUR)).toBe('late');
    expect(stateAfter(THREE_DAYS + HOUR + 1, HOUR, HOUR)).toBe('silent');
  });

  it('is online although its last contact lies ahead, of a server whose clock was put back', () => {
    expect(stateAfter(-HOUR)).toBe('online');
  });
});
