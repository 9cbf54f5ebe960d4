import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/**
 * `psk_<public id>_<secret>`: 16 characters that find the key, 43 (256 random bits) that nobody can guess. The
 * token of a session has the same shape, `pss_...`.
 */
type Prefix = 'psk' | 'pss';
const SHAPE = /^(ps[ks])_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;
const LENGTH = 'psk_'.length + 16 + '_'.length + 43;

const ID_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 16;
const SECRET_BYTES = 32;

/** The id of a key, as it stands in paths and lists. */
export const KEY_ID = /^[a-z0-9]{16}$/;

export interface MintedKey {
  /** What the holder sends. It is shown once and kept nowhere. */
  readonly key: string;
  readonly id: string;
  readonly secretSha256: Buffer<ArrayBuffer>;
}

export interface PresentedKey {
  readonly id: string;
  readonly secretSha256: Buffer;
}

export function mintKey(): MintedKey {
  return mint('psk');
}

export function mintSession(): MintedKey {
  return mint('pss');
}

function mint(prefix: Prefix): MintedKey {
  const id = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { key: `${prefix}_${id}_${secret}`, id, secretSha256: digest(secret) };
}

/** @returns undefined for a text that can be no key */
export function readKey(text: string): PresentedKey | undefined {
  return read('psk', text);
}

/** @returns undefined for a text that can be no session's token */
export function readSession(text: string): PresentedKey | undefined {
  return read('pss', text);
}

function read(prefix: Prefix, text: string): PresentedKey | undefined {
  // First the length: whatever somebody sends, it costs no look at each of its characters.
  const parts = text.length === LENGTH ? SHAPE.exec(text) : null;
  return parts?.[1] === prefix ? { id: parts[2], secretSha256: digest(parts[3]) } : undefined;
}

/** What a key that nobody has is compared with, so that it takes as long as one with a wrong secret. */
const NOBODYS = randomBytes(SECRET_BYTES);

/** Compares in constant time; with a key that is not there too. */
export function isSecretOf(
  presented: PresentedKey,
  stored: { secretSha256: Uint8Array } | undefined,
): boolean {
  const isEqual = timingSafeEqual(presented.secretSha256, stored?.secretSha256 ?? NOBODYS);
  return isEqual && stored !== undefined;
}

/** In one step: `createHash()` makes an object for a stream, which takes most of the time of a short text. */
function digest(secret: string): Buffer<ArrayBuffer> {
  return hash('sha256', secret, 'buffer') as Buffer<ArrayBuffer>;
}
