import { registerDecorator } from 'class-validator';
import { isIP } from 'node:net';

/** A list of addresses and CIDR ranges; never "everybody", which would trust, or reach, every address there is. */
export function AreNetworks(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'areNetworks',
      target: target.constructor,
      propertyName: propertyName as string,
      validator: {
        validate: (value) => Array.isArray(value) && value.every(isAddressOrRange),
        defaultMessage: () =>
          'must be addresses or CIDR ranges like 10.0.0.0/8, separated by commas; never all of them',
      },
    });
}

function isAddressOrRange(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const [address, prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
  );
}
