import { registerDecorator } from 'class-validator';

/** A connection URL of PostgreSQL. Hosts are whatever names a network has, such as `pisync_db` in a compose file. */
export function IsPostgresUrl(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isPostgresUrl',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) =>
          typeof value === 'string' && /^postgres(ql)?:\/\//.test(value) && URL.canParse(value),
        defaultMessage: () => 'must be a URL like postgresql://user:password@host:5432/database',
      },
    });
}
