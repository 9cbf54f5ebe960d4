import { DomainError } from '../../domain/domain-error.js';

/** The request came with a key, or nobody is asked for one. */
export class SessionNotFound extends DomainError {
  readonly code = 'session_not_found';

  constructor() {
    super('This request does not come from a session.');
  }
}

/** AUTH_MODE=off: whoever reaches the service may do everything without one. */
export class SessionNotNeeded extends DomainError {
  readonly code = 'session_not_needed';

  constructor() {
    super('Nobody is asked for a key here (AUTH_MODE=off): there is nothing to log in to.');
  }
}
