import { ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { FieldError, ValidationFailed } from '../domain/domain-error.js';

/** Holds what operators send against its DTO; unknown keys are refused, for they are spelling mistakes. */
@Injectable()
export class WireValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: (errors) => new ValidationFailed(fieldErrors(errors)),
    });
  }

  /** @throws ValidationFailed */
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // A path's parameter is checked by a pipe of its own, which must see what was sent: `0x1`, not 1.
    if (metadata.type === 'param') return Promise.resolve(value);
    // class-validator takes nothing at all for an object without keys, and looks into arrays.
    if (metadata.type === 'body' && this.toValidate(metadata) && !isJsonObject(value)) {
      throw new ValidationFailed([{ field: '', message: 'must be a JSON object' }]);
    }
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

function isJsonObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** class-validator's texts begin with the field's name; on the wire it stands beside them. */
function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap(({ property, constraints, children }) => [
    ...Object.values(constraints ?? {}).map((text) => ({
      field: parent + property,
      message: text.replace(`${property} `, '').replace(`property ${property}`, 'this field').trim(),
    })),
    ...fieldErrors(children ?? [], `${parent}${property}.`),
  ]);
}
