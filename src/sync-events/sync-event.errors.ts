import { DomainError } from '../domain/domain-error.js';

/** The device sent this `event_id` before, with other content. The stored event stays as it is. */
export class EventConflict extends DomainError {
  readonly code = 'event_conflict';

  constructor(deviceId: string, eventId: string) {
    super(`Device ${deviceId} has already reported an event ${eventId} with other content.`);
  }
}
