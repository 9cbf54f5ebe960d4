import { isEmail, registerDecorator } from 'class-validator';
import { isPlainText } from '../domain/plain-text.js';

/** E-mail addresses. class-validator's own check throws at half a surrogate pair, and nothing catches it. */
export function AreEmailAddresses(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'areEmailAddresses',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => Array.isArray(value) && value.every(isAddress),
        defaultMessage: () => 'must be e-mail addresses',
      },
    });
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && isPlainText(value) && isEmail(value);
}
