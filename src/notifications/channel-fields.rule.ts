import type { ChannelSettings } from '../database/channel.repository.js';
import { FieldError, ValidationFailed } from '../domain/domain-error.js';
import { ChannelKind } from '../generated/prisma/enums.js';

type Address = Pick<ChannelSettings, 'url' | 'recipients'>;

const KINDS_WITH: Record<keyof Address, readonly ChannelKind[]> = {
  url: ['webhook', 'slack'],
  recipients: ['email'],
};
const FIELDS = Object.keys(KINDS_WITH) as (keyof Address)[];

/** @throws ValidationFailed for an address that does not fit the kind, or is missing */
export function demandAddress(kind: ChannelKind, given: Address): void {
  const missing = FIELDS.filter((field) => KINDS_WITH[field].includes(kind) && given[field] === undefined);
  refuse([
    ...missing.map((field) => ({ field, message: `is required for a channel of the kind ${kind}` })),
    ...misfits(kind, given),
  ]);
}

/** @throws ValidationFailed for an address that does not fit the kind */
export function demandFittingAddress(kind: ChannelKind, given: Address): void {
  refuse(misfits(kind, given));
}

function misfits(kind: ChannelKind, given: Address): FieldError[] {
  return FIELDS.filter((field) => given[field] !== undefined && !KINDS_WITH[field].includes(kind)).map(
    (field) => ({ field, message: `is not for a channel of the kind ${kind}` }),
  );
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new ValidationFailed(errors);
}
