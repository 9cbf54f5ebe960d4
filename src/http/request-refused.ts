import { DomainError } from '../domain/domain-error.js';

/** The message itself is at fault, before any rule of the service is asked; nothing was done. */
export class RequestRefused extends DomainError {
  constructor(
    readonly code:
      | 'unauthenticated'
      | 'malformed_request'
      | 'not_acceptable'
      | 'request_timeout'
      | 'too_many_requests'
      | 'payload_too_large'
      | 'too_many_events'
      | 'unsupported_media_type',
    message: string,
    /** Headers that belong to the refusal, for example which encodings are understood. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
