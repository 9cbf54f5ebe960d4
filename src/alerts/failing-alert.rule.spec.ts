import { concernsFailingAlert, failingAlertStep } from './failing-alert.rule.js';

describe('A failing alert', () => {
  it.each([
    [0, false, 'none'],
    [2, false, 'none'],
    [3, false, 'open'],
    [40, false, 'open'],
    [3, true, 'none'],
    [4, true, 'none'],
    [2, true, 'resolve'],
    [0, true, 'resolve'],
  ] as const)('at a streak of %i, open already: %p: %s', (streak, isAlertOpen, step) => {
    expect(failingAlertStep({ streak, isAlertOpen }, 3)).toBe(step);
  });
});

describe('A recorded event', () => {
  const event = {
    deviceId: 'PIBOX-7',
    id: 1,
    failed: true,
    repeated: false,
    streakBefore: 0,
    streakAfter: 0,
    wasSilent: false,
  };

  it('concerns the alert when its device is at the limit before or after', () => {
    expect(concernsFailingAlert({ ...event, streakBefore: 2, streakAfter: 3 }, 3)).toBe(true);
    expect(concernsFailingAlert({ ...event, streakBefore: 3, streakAfter: 0 }, 3)).toBe(true);
    expect(concernsFailingAlert({ ...event, streakBefore: 7, streakAfter: 8 }, 3)).toBe(true);
  });

  it('concerns no alert below the limit', () => {
    expect(concernsFailingAlert({ ...event, streakBefore: 0, streakAfter: 2 }, 3)).toBe(false);
    expect(concernsFailingAlert({ ...event, streakBefore: 2, streakAfter: 0 }, 3)).toBe(false);
  });

  it('concerns the alert when it was stored by a request that may have ended before its listeners', () => {
    expect(concernsFailingAlert({ ...event, repeated: true }, 3)).toBe(true);
  });
});
