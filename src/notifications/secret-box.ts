import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { DomainError } from '../domain/domain-error.js';

/** Of AES-256. */
export const KEY_BYTES = 32;
/** What GCM is made for; a random one is safe for four billion values of a key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const FORM = /^sealed1:([0-9a-f]{8}):([A-Za-z0-9_-]+)$/;

/** The value was sealed with a key that is no longer there, or was tampered with. It never says the value. */
export class SecretUnreadable extends DomainError {
  readonly code = 'secret_unreadable';
}

/**
 * Keeps texts that must be read again (a webhook's secret cannot be hashed: it signs) so that a copy of the
 * database alone tells nothing: AES-256-GCM. The key's id stands with each value, so that keys can be replaced.
 */
export class SecretBox {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly newest: string;

  /** @param keys of 32 bytes, the newest first: it seals, all of them open */
  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0) throw new TypeError('A secret box needs a key.');
    this.newest = idOf(keys[0]);
    this.keys = new Map(keys.map((key) => [idOf(key), key]));
  }

  /** @param purpose what the value is for; it opens for no other, so that none can be put in another's place */
  seal(text: string, purpose: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keyOf(this.newest), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `sealed1:${this.newest}:${sealed.toString('base64url')}`;
  }

  /** @throws SecretUnreadable */
  open(sealed: string, purpose: string): string {
    const [, keyId, content] = FORM.exec(sealed) ?? [];
    if (keyId === undefined) throw new SecretUnreadable('The stored value is not a sealed one.');
    const bytes = Buffer.from(content, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SecretUnreadable('The stored value is cut off.');
    const decipher = createDecipheriv(CIPHER, this.keyOf(keyId), bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
        decipher.final(),
      ]).toString('utf8');
    } catch (error) {
      throw new SecretUnreadable('The stored value was changed, or belongs elsewhere.', { cause: error });
    }
  }

  /** Whether a value was sealed with the newest key. */
  isCurrent(sealed: string): boolean {
    return FORM.exec(sealed)?.[1] === this.newest;
  }

  private keyOf(id: string): Buffer {
    const key = this.keys.get(id);
    if (!key) throw new SecretUnreadable(`The stored value was sealed with key ${id}, which is not there.`);
    return key;
  }
}

/** Tells keys apart and nothing about them: 32 bits of a hash of 256 random ones. */
function idOf(key: Buffer): string {
  if (key.length !== KEY_BYTES) throw new TypeError(`A key has ${KEY_BYTES} bytes.`);
  return createHash('sha256').update('pisync key id').update(key).digest('hex').slice(0, 8);
}
