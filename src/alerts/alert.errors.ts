import { DomainError } from '../domain/domain-error.js';

export class AlertNotFound extends DomainError {
  readonly code = 'alert_not_found';

  constructor(id: number) {
    super(`There is no alert ${id}.`);
  }
}

/** Its story is over: nobody can acknowledge it any more, or take back that somebody did. */
export class AlertIsResolved extends DomainError {
  readonly code = 'alert_resolved';

  constructor(id: number) {
    super(`Alert ${id} is resolved.`);
  }
}
