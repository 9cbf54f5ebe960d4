import { DomainError } from '../domain/domain-error.js';

export class AlertNotFound extends DomainError {
  readonly code = 'alert_not_found';

  constructor(id: number) {
    super(`There is no alert ${id}.`);
  }
}
