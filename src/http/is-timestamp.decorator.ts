import { registerDecorator } from 'class-validator';
import { parseTimestamp } from '../domain/timestamp.js';

/** An RFC 3339 time with a zone, in a query, where an unescaped `+` arrives as a space. */
export function IsTimestamp(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isTimestamp',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => typeof value === 'string' && parseQueryTimestamp(value) !== undefined,
        defaultMessage: () => 'must be an RFC 3339 time with a zone, like 2026-05-04T10:30:00Z',
      },
    });
}

/** @returns undefined for an absent parameter, or one that `IsTimestamp` refuses */
export function parseQueryTimestamp(value: string | undefined): Date | undefined {
  return value === undefined ? undefined : parseTimestamp(value.replace(/ (\d\d:\d\d)$/, '+$1'));
}
