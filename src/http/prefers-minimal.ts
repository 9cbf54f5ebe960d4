const PREFERENCE = /^\s*return\s*=\s*"?(minimal|representation)"?\s*(?:;|$)/i;

/**
 * Whether a client asks for the smallest answer: `Prefer: return=minimal`, among other preferences; of two
 * that contradict each other the first holds.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7240
 */
export function prefersMinimal(prefer: string | undefined): boolean {
  for (const preference of prefer?.split(',') ?? []) {
    const value = PREFERENCE.exec(preference)?.[1];
    if (value) return value.toLowerCase() === 'minimal';
  }
  return false;
}
