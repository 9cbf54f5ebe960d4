import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { registerDecorator } from 'class-validator';

/** A whole number in decimal digits from `least` to `most`; `1e3`, `0x10` and blanks are none. */
export function IsWholeNumber(least: number, most: number): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) =>
      typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : (value as unknown),
    ),
    (target: object, propertyName?: string | symbol) =>
      registerDecorator({
        name: 'isWholeNumber',
        target: target.constructor,
        propertyName: propertyName as string,
        validator: {
          validate: (value) => Number.isInteger(value) && value >= least && value <= most,
          defaultMessage: () => `must be a whole number from ${least} to ${most}`,
        },
      }),
  );
}
