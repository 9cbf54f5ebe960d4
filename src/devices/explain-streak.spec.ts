import { explainStreak } from './explain-streak.js';

const streak = { lastSuccessAt: new Date('2026-05-04T10:00:00Z'), isAlertOpen: false, alertStreak: 3 };

describe('The explanation of a streak', () => {
  it('says how many failures would open an alert', () => {
    expect(explainStreak({ ...streak, consecutiveFailures: 0 })).toBe(
      'The newest sync event is a success: no alert. 3 failures in a row would open one.',
    );
    expect(explainStreak({ ...streak, consecutiveFailures: 1 })).toBe(
      '1 failure since the success of 2026-05-04T10:00:00.000Z: no alert. 2 more failures would open one.',
    );
    expect(explainStreak({ ...streak, consecutiveFailures: 2, lastSuccessAt: null })).toBe(
      '2 failures in a row and no success yet: no alert. 1 more failure would open one.',
    );
  });

  it('says what resolves an open alert', () => {
    expect(explainStreak({ ...streak, consecutiveFailures: 4, isAlertOpen: true })).toBe(
      '4 failures in a row since the success of 2026-05-04T10:00:00.000Z: an alert is open. The next success ' +
        'resolves it, and so does a late event that shows fewer than 3 failures since the newest success.',
    );
  });

  it('says so while the alert has still to follow the streak', () => {
    expect(explainStreak({ ...streak, consecutiveFailures: 3 })).toMatch('an alert is about to open');
    expect(explainStreak({ ...streak, consecutiveFailures: 0, isAlertOpen: true })).toMatch(
      'its alert is about to be resolved',
    );
  });
});
