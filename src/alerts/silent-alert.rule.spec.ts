import { silenceDueAt } from './silent-alert.rule.js';

const HOUR = 3_600;
const SETTINGS = { silentAfterSeconds: 72 * HOUR, expectedIntervalSeconds: HOUR };
const CONTACT = new Date('2026-05-04T12:00:00Z');

function due(
  seconds: number,
  outageSeconds = 0,
  expectedIntervalSeconds: number | null = null,
): number | null {
  const now = new Date(CONTACT.getTime() + seconds * 1_000);
  const at = silenceDueAt(
    { deviceId: 'PIBOX-7', lastContactAt: CONTACT, expectedIntervalSeconds, outageSeconds },
    now,
    SETTINGS,
  );
  return at && (at.getTime() - CONTACT.getTime()) / 1_000;
}

describe('A silent alert', () => {
  it('is due at the deadline, and open from the millisecond after it', () => {
    expect(due(0)).toBe(72 * HOUR);
    expect(due(72 * HOUR)).toBe(72 * HOUR);
    expect(due(72 * HOUR + 0.001)).toBeNull();
  });

  it('waits for three intervals of the device itself where those are longer', () => {
    expect(due(100 * HOUR, 0, 48 * HOUR)).toBe(144 * HOUR);
    expect(due(0, 0, 60)).toBe(72 * HOUR);
  });

  it('waits as much longer as the service was away', () => {
    expect(due(100 * HOUR, 28 * HOUR)).toBe(100 * HOUR);
    expect(due(100 * HOUR + 0.001, 28 * HOUR)).toBeNull();
    expect(due(100 * HOUR, 28 * HOUR + 0.5)).toBe(100 * HOUR + 0.5);
  });
});
