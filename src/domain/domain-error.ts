/** What went wrong, in domain words. The HTTP filter alone decides how it is told to a client. */
export abstract class DomainError extends Error {
  /** Stable, machine-readable, snake_case: part of the API's contract. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export interface FieldError {
  /** The field's name on the wire, for example `total_errors`. */
  field: string;
  message: string;
}

/** The request is well-formed but breaks rules of its fields; nothing was done. */
export class ValidationFailed extends DomainError {
  readonly code = 'validation_failed';

  constructor(readonly errors: readonly FieldError[]) {
    super(errors.map((error) => `${error.field}: ${error.message}`).join('; '));
  }
}

/** More is waiting than can be served in time; the client comes back later. Nothing was done. */
export class Overloaded extends DomainError {
  readonly code = 'overloaded';
}

/** No sync event has ever come from this device. */
export class DeviceNotFound extends DomainError {
  readonly code = 'device_not_found';

  constructor(deviceId: string) {
    super(`No device ${deviceId} has ever reported a sync event.`);
  }
}

/** Who asks may not do this, whatever it is done to: the answer tells nothing about what is there. */
export class Forbidden extends DomainError {
  readonly code = 'forbidden';
}

/** A limit is reached that time will give room in. Nothing was done. */
export class LimitReached extends DomainError {
  readonly code = 'too_many_requests';

  constructor(
    message: string,
    readonly retryAfterSeconds: number,
  ) {
    super(message);
  }
}
