const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Characters: half of them could open a level, and a few hundred levels overflow no stack. */
export const HARMLESS_LENGTH = 1_000;

export interface JsonShape {
  /** Arrays and objects inside each other. */
  readonly levels: number;
  /** Values, keys with theirs counted once, arrays and objects included. */
  readonly values: number;
}

/**
 * In what a JSON text goes beyond the largest shape: found out without parsing it, so that what is too deep or
 * too much never becomes objects. Texts too short to do harm are not looked through.
 */
export function beyondShape(most: JsonShape, text: string): keyof JsonShape | undefined {
  if (text.length < HARMLESS_LENGTH) return undefined;
  let depth = 0;
  let values = 0;
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) place = endOfString(text, place);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > most.levels) return 'levels';
    } else if (code === COMMA) values += 1;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1;
    if (values > most.values) return 'values';
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
  }
  return end;
}
