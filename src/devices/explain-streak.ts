export interface StreakCase {
  readonly consecutiveFailures: number;
  readonly lastSuccessAt: Date | null;
  readonly isAlertOpen: boolean;
  /** The streak that opens an alert, from 1. */
  readonly alertStreak: number;
}

/** Why a device has, or has no alert, and what would change that, for the person who wonders. */
export function explainStreak(streak: StreakCase): string {
  return `${whatHappened(streak)}: ${whatFollows(streak)}`;
}

function whatHappened({ consecutiveFailures, lastSuccessAt }: StreakCase): string {
  if (consecutiveFailures === 0) return 'The newest sync event is a success';
  const failures = consecutiveFailures === 1 ? '1 failure' : `${consecutiveFailures} failures in a row`;
  return lastSuccessAt
    ? `${failures} since the success of ${lastSuccessAt.toISOString()}`
    : `${failures} and no success yet`;
}

function whatFollows({ consecutiveFailures, isAlertOpen, alertStreak }: StreakCase): string {
  const missing = alertStreak - consecutiveFailures;
  // Between the commit of an event and the end of its request the alert may still be to follow.
  if (missing <= 0 && !isAlertOpen) return 'an alert is about to open.';
  if (missing > 0 && isAlertOpen) return 'its alert is about to be resolved.';
  if (isAlertOpen) {
    return (
      'an alert is open. The next success resolves it, and so does a late event that shows ' +
      `fewer than ${alertStreak} failures since the newest success.`
    );
  }
  const row = consecutiveFailures === 0 ? ' in a row' : '';
  return `no alert. ${missing} ${consecutiveFailures === 0 ? '' : 'more '}failure${missing === 1 ? '' : 's'}${row} would open one.`;
}
