/**
 * What would move the cursor, hide text or turn its direction on a terminal, or begin a new line that looks
 * like the service's own: C0, DEL, C1, line separators, and the marks that override writing direction.
 */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** In texts: what names a secret, and the secret itself, which alone is cut out. */
const SECRETS: readonly [RegExp, string][] = [
  // Up to the last @ before a slash: a password may hold one that nobody encoded.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s/"]+@/gi, '$1:***@'],
  // Keys and sessions.
  [/(ps[ks]_[a-z0-9]{1,64}_)[\w-]+/g, '$1***'],
  [/whsec_[\w+/=-]+/g, 'whsec_***'],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, '$1 ***'],
  [/([?&][\w.-]*(?:password|passwd|secret|token|key)=)[^&\s"#]+/gi, '$1***'],
];

/** A text with every such character written out as `\u....`. @param except characters that may stay */
export function printable(text: string, except = ''): string {
  return text.replace(UNPRINTABLE, (character) =>
    except.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text without the passwords of URLs, keys and secrets in it. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((told, [secret, instead]) => told.replace(secret, instead), text);
}
