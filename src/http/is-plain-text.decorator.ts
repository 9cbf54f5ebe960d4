import { registerDecorator, ValidationOptions } from 'class-validator';
import { isPlainText } from '../domain/plain-text.js';

/** Well-formed Unicode without control characters, not blank. */
export function IsPlainText(options?: ValidationOptions): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isPlainText',
      target: target.constructor,
      propertyName: propertyName as string,
      options,
      validator: {
        validate: (value) => typeof value === 'string' && value.trim() !== '' && isPlainText(value),
        defaultMessage: () => 'must be a text that is not blank, well-formed, without control characters',
      },
    });
}
