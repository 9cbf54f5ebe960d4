import { registerDecorator } from 'class-validator';

/** A list of web origins as browsers send them, like `https://dashboard.example`: no path, no `*`. */
export function AreOrigins(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'areOrigins',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => Array.isArray(value) && value.every(isOrigin),
        defaultMessage: () =>
          'must be origins like https://dashboard.example, separated by commas; never all of them',
      },
    });
}

function isOrigin(text: unknown): boolean {
  return (
    typeof text === 'string' && /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
  );
}
