import { registerDecorator } from 'class-validator';

/** One mailbox, with a name or without: `PiSync <pisync@school.example>`. Nothing that could begin another header. */
export function IsMailbox(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isMailbox',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => typeof value === 'string' && (ADDRESS.test(value) || NAMED_ADDRESS.test(value)),
        defaultMessage: () => 'must be one address like PiSync <pisync@school.example>',
      },
    });
}

const ADDRESS = /^[^\s<>()",;:\\@]+@[^\s<>()",;:\\@]+$/;
const NAMED_ADDRESS = /^[^<>()",;:\\@\p{Cc}]+<[^\s<>()",;:\\@]+@[^\s<>()",;:\\@]+>$/u;
