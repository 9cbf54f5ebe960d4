import { registerDecorator } from 'class-validator';

/** Where browsers reach the service: an origin, with a path where a proxy puts one in front. */
export function IsPublicUrl(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isPublicUrl',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => typeof value === 'string' && isPublicUrl(value),
        defaultMessage: () =>
          'must be a URL like https://pisync.school.example, without user, query or fragment',
      },
    });
}

function isPublicUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s?#@\\]+$/.test(text) || !URL.canParse(text)) return false;
  return new URL(text).hostname !== '';
}
