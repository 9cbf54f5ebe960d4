import { DomainError } from '../domain/domain-error.js';

export class NotificationNotFound extends DomainError {
  readonly code = 'notification_not_found';

  constructor(id: number) {
    super(`There is no notification ${id}.`);
  }
}

/** It is still under way, or another one told what it says. */
export class NotificationNotFinished extends DomainError {
  readonly code = 'notification_not_finished';

  constructor(id: number, status: string) {
    super(`Notification ${id} is ${status}; only a dead or delivered one can be sent again.`);
  }
}

export class ChannelDisabled extends DomainError {
  readonly code = 'channel_disabled';

  constructor(id: number) {
    super(`Channel ${id} is disabled: nothing is sent there until somebody enables it.`);
  }
}
