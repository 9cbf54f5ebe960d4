/** Fields whose value nobody may read in a log, however they are spelled: `x-api-key`, `apiKey`, `smtpPassword`. */
const SECRET_FIELD =
  /^(?:set-?)?cookie$|authorization$|pass(?:word|wd|phrase)$|secret(?:s|key)?$|(?:api|access|private|signing|encryption)[-_]?keys?$|token$|credentials?$|^database_?url$/i;

/** Errors carry requests, requests carry sockets: what lies deeper than this is of no use in a line of a log. */
const DEEPEST = 6;

const REDACTED = '[redacted]';

/**
 * A copy of what is about to be logged, without the values of fields that are called like a secret, at any
 * place in it. Only errors and refusals are logged as objects, so that a copy costs nothing that counts.
 */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (depth === DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_FIELD.test(name) && isTelling(field) ? REDACTED : redacted(field, depth + 1),
    ]),
  );
}

/** That there is no secret, or how many there are, is none. */
function isTelling(field: unknown): boolean {
  return field !== undefined && field !== null && typeof field !== 'boolean';
}
