import { registerDecorator } from 'class-validator';

/** A mail server's URL: `smtp:` (with STARTTLS where the server has it) or `smtps:` (TLS from the first byte). */
export function IsSmtpUrl(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isSmtpUrl',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => typeof value === 'string' && isSmtpUrl(value),
        defaultMessage: () => 'must be a URL like smtp://user:password@mail.example.org:587, or smtps://',
      },
    });
}

function isSmtpUrl(text: string): boolean {
  return /^smtps?:\/\//.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}
