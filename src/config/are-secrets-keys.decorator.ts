import { registerDecorator } from 'class-validator';

/** 32 bytes in base64 are 43 characters and one of padding. */
const KEY = /^[A-Za-z0-9+/]{43}=$/;

/** A list of different keys for stored secrets. */
export function AreSecretsKeys(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'areSecretsKeys',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) =>
          Array.isArray(value) &&
          new Set(value).size === value.length &&
          value.every((key) => typeof key === 'string' && KEY.test(key) && isRandom(key)),
        defaultMessage: () =>
          'must be 32 random bytes in base64 (openssl rand -base64 32), several separated by commas, the newest first',
      },
    });
}

/** A key that somebody typed: `AAAA...`. Of 32 random bytes, fewer than 16 different ones never happen. */
function isRandom(key: string): boolean {
  return new Set(Buffer.from(key, 'base64')).size >= 16;
}
