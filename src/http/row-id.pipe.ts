import { Injectable, PipeTransform } from '@nestjs/common';
import { ValidationFailed } from '../domain/domain-error.js';

/** The number of a stored row in a path. */
@Injectable()
export class RowIdPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    const id = Number(value);
    if (/^[0-9]+$/.test(value) && Number.isSafeInteger(id)) return id;
    throw new ValidationFailed([{ field: 'id', message: 'must be a whole number' }]);
  }
}
