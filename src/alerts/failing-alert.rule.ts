import type { FailingAlertCase, FailingAlertStep } from '../database/failing-alert.repository.js';
import type { RecordedEvent } from '../sync-events/sync-event-recorded.event.js';

/**
 * The rule of the failing alert (design rule 5): it is open exactly while the streak is at least this
 * long. It sees the streak as it stands, so a backlog of failures that ends in a success opens nothing.
 *
 * @param streakToAlert failed events in a row that make an alert, from 1
 */
export function failingAlertStep(alertCase: FailingAlertCase, streakToAlert: number): FailingAlertStep {
  const isDue = alertCase.streak >= streakToAlert;
  if (isDue === alertCase.isAlertOpen) return 'none';
  return isDue ? 'open' : 'resolve';
}

/**
 * Whether an event can have changed what is due, or have found it undone: all events of a device that is
 * at the limit before or after. Most events are neither, and cost no question to the database.
 */
export function concernsFailingAlert(event: RecordedEvent, streakToAlert: number): boolean {
  return event.repeated || event.streakBefore >= streakToAlert || event.streakAfter >= streakToAlert;
}
