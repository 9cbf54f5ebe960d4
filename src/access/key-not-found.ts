import { DomainError } from '../domain/domain-error.js';

export class KeyNotFound extends DomainError {
  readonly code = 'key_not_found';

  constructor(id: string) {
    super(`There is no key ${id}.`);
  }
}
