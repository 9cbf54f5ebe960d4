import { randomBytes } from 'node:crypto';
import { SecretBox, SecretUnreadable } from './secret-box.js';

const older = randomBytes(32);
const newer = randomBytes(32);

/** The sealed value with one bit of its nonce, content or tag turned over. */
function tampered(sealed: string, place: number): string {
  const [form, key, content] = sealed.split(':');
  const bytes = Buffer.from(content, 'base64url');
  bytes[place] ^= 1;
  return [form, key, bytes.toString('base64url')].join(':');
}

describe('A secret box', () => {
  const box = new SecretBox([older]);

  it.each(['', 'whsec_canary', 'https://hooks.example/ü€😀', 'x'.repeat(10_000)])('gives back %j', (text) => {
    expect(box.open(box.seal(text, 'url'), 'url')).toBe(text);
  });

  it('shows nothing of the text, nor that two texts are the same', () => {
    const sealed = box.seal('canary', 'url');
    const bytes = Buffer.from(sealed.split(':')[2], 'base64url').toString('latin1');
    expect(sealed).not.toContain('canary');
    expect(bytes).not.toContain('canary');
    expect(box.seal('canary', 'url')).not.toBe(sealed);
  });

  it('notices every changed byte', () => {
    const sealed = box.seal('canary', 'url');
    const length = Buffer.from(sealed.split(':')[2], 'base64url').length;
    expect(length).toBe(12 + 6 + 16);
    for (let place = 0; place < length; place += 1) {
      expect(() => box.open(tampered(sealed, place), 'url')).toThrow(SecretUnreadable);
    }
  });

  it('opens a value for its own purpose only', () => {
    expect(() => box.open(box.seal('canary', 'url'), 'secret')).toThrow(SecretUnreadable);
  });

  it.each(['', 'canary', 'sealed1:', 'sealed1:00000000:', 'sealed1:00000000:AAAA'])(
    'does not open %j',
    (value) => {
      expect(() => box.open(value, 'url')).toThrow(SecretUnreadable);
    },
  );

  it('does not open a value that is cut off', () => {
    expect(() => box.open(box.seal('canary', 'url').slice(0, 30), 'url')).toThrow(SecretUnreadable);
  });

  it('opens with an older key what the newest one does not seal any more', () => {
    const sealed = box.seal('canary', 'url');
    const both = new SecretBox([newer, older]);
    expect(both.open(sealed, 'url')).toBe('canary');
    expect(both.isCurrent(sealed)).toBe(false);
    const again = both.seal('canary', 'url');
    expect(both.isCurrent(again)).toBe(true);
    expect(new SecretBox([newer]).open(again, 'url')).toBe('canary');
  });

  it('names the key that is missing, and nothing of the value', () => {
    const sealed = box.seal('canary', 'url');
    expect(() => new SecretBox([newer]).open(sealed, 'url')).toThrow(
      `sealed with key ${sealed.split(':')[1]}, which is not there`,
    );
  });

  it.each([[[]], [[randomBytes(16)]], [[randomBytes(32), randomBytes(31)]]])(
    'refuses keys that are none',
    (keys) => {
      expect(() => new SecretBox(keys)).toThrow(TypeError);
    },
  );
});
