import { ValidationFailed } from '../domain/domain-error.js';

/** Where a list continues, as a text that means nothing to its reader. */
export function encodeCursor(position: readonly (string | number | boolean)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * @param kinds what `typeof` says of each part, in the order they were encoded
 * @throws ValidationFailed when the text is no cursor of this list
 */
export function decodeCursor<Position extends unknown[]>(
  cursor: string,
  ...kinds: ('string' | 'number' | 'boolean')[]
): Position {
  const position = parse(cursor);
  const fits =
    Array.isArray(position) &&
    position.length === kinds.length &&
    position.every((part, place) => typeof part === kinds[place]);
  if (fits && position.every((part) => typeof part !== 'number' || Number.isSafeInteger(part))) {
    return position as Position;
  }
  throw invalidCursor();
}

export function invalidCursor(): ValidationFailed {
  return new ValidationFailed([{ field: 'cursor', message: 'is not a cursor that this list gave out' }]);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // What is not JSON is no cursor; the caller says so.
    return undefined;
  }
}
