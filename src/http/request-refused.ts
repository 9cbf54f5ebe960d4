import { DomainError } from '../domain/domain-error.js';

/** The message itself is at fault, before any rule of the service is asked; nothing was done. */
export class RequestRefused extends DomainError {
  constructor(
    readonly code: 'malformed_request' | 'payload_too_large' | 'unsupported_media_type',
    message: string,
    /** Headers that belong to the refusal, for example which encodings are understood. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
