const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether a JSON text opens more arrays and objects inside each other than `levels`. Texts too short to nest
 * far enough to matter are not looked through.
 */
export function isNestedDeeperThan(levels: number, text: string): boolean {
  if (text.length < HARMLESS_LENGTH) return false;
  let depth = 0;
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) place = endOfString(text, place);
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** Characters: half of them could open a level, and a few hundred levels overflow no stack. */
export const HARMLESS_LENGTH = 1_000;

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
  }
  return end;
}
