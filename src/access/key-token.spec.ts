import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isSecretOf, mintKey, mintSession, readKey, readSession } from './key-token.js';

describe('A key', () => {
  it('is read again as what it was made', () => {
    const { key, id, secretSha256 } = mintKey();
    expect(key).toMatch(/^psk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$/);
    expect(readKey(key)).toEqual({ id, secretSha256 });
    expect(secretSha256).toEqual(createHash('sha256').update(key.slice(-43)).digest());
  });

  it('is never made twice', () => {
    const keys = Array.from({ length: 1_000 }, mintKey);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1_000);
    expect(new Set(keys.map(({ key }) => key.slice(-43))).size).toBe(1_000);
  });

  it.each([
    ['nothing', ''],
    ['another prefix', (key: string) => key.replace('psk', 'pst')],
    ['an id that is too short', (key: string) => key.replace(/_\w/, '_')],
    ['a secret that is too short', (key: string) => key.slice(0, -1)],
    ['a secret that is too long', (key: string) => `${key}A`],
    ['padding', (key: string) => `${key.slice(0, -1)}=`],
    ['a space before it', (key: string) => ` ${key.slice(0, -1)}`],
    ['a line break behind it', (key: string) => `${key.slice(0, -1)}\n`],
    ['capitals in the id', (key: string) => key.replace(/_(\w{16})_/, (id) => id.toUpperCase())],
    ['a NUL', (key: string) => key.replace(/.$/, '\0')],
    ['a MiB of it', (key: string) => key.repeat(15_000)],
  ])('is no key with %s', (_, change) => {
    const key = `psk_abcdefgh12345678_${'A'.repeat(43)}`;
    expect(readKey(key)).toBeDefined();
    expect(readKey(typeof change === 'string' ? change : change(key))).toBeUndefined();
  });
});

describe('The token of a session', () => {
  it('is read again as what it was made, and is no key, nor a key one of those', () => {
    const { key, id, secretSha256 } = mintSession();
    expect(readSession(key)).toEqual({ id, secretSha256 });
    expect(readKey(key)).toBeUndefined();
    expect(readSession(mintKey().key)).toBeUndefined();
  });
});

describe('The check of a secret', () => {
  const { key, secretSha256 } = mintKey();
  const presented = readKey(key)!;

  it('holds for the very secret alone', () => {
    expect(isSecretOf(presented, { secretSha256 })).toBe(true);
    for (let bit = 0; bit < 256; bit += 1) {
      const changed = Buffer.from(secretSha256);
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(isSecretOf(presented, { secretSha256: changed })).toBe(false);
    }
  });

  it('is made for a key that is not there too, and fails', () => {
    expect(isSecretOf(presented, undefined)).toBe(false);
  });

  it('compares digests of one length, which timingSafeEqual asks for', () => {
    expect(presented.secretSha256).toHaveLength(32);
    expect(() => isSecretOf(presented, { secretSha256: secretSha256.subarray(1) })).toThrow(
      /same byte length/,
    );
  });

  it('takes as long for a secret that is wrong from its first byte on as for one wrong in its last', () => {
    const wrongFirst = Buffer.from(secretSha256);
    wrongFirst[0] ^= 0xff;
    const wrongLast = Buffer.from(secretSha256);
    wrongLast[31] ^= 0xff;
    const classes = [{ secretSha256: wrongFirst }, { secretSha256: wrongLast }];
    // A machine that does something else meanwhile can spoil one measurement; a leak spoils all of them.
    const t = Array.from({ length: 3 }, () => Math.abs(welchT(classes)));
    expect(Math.min(...t)).toBeLessThan(4.5);
  });

  /** dudect's way: both kinds in random turns, the slowest tenth left out, Welch's t of the rest. */
  function welchT(classes: { secretSha256: Buffer }[]): number {
    const times: [number[], number[]] = [[], []];
    for (let sample = 0; sample < 100_000; sample += 1) {
      const kind = Math.random() < 0.5 ? 0 : 1;
      const from = process.hrtime.bigint();
      isSecretOf(presented, classes[kind]);
      times[kind].push(Number(process.hrtime.bigint() - from));
    }
    const limit = times.flat().sort((a, b) => a - b)[90_000];
    const [a, b] = times.map((all) => statistics(all.filter((time) => time <= limit)));
    return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
  }

  function statistics(values: number[]): { mean: number; variance: number; count: number } {
    const count = values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    return {
      mean,
      variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1),
      count,
    };
  }
});

describe('The sources of src/access', () => {
  const sources = readdirSync('src/access', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );

  it('compare no secret with an operator, which stops at the first byte that differs', () => {
    const comparison =
      /(?:secret|digest|sha256|hash|token)\w*\s*[!=]==?(?!\s*(?:undefined|null)\b)|[!=]==?\s*\w*(?:secret|digest|sha256|hash|token)/i;
    expect(comparison.test('if (key.secretSha256 === other)')).toBe(true);
    expect(comparison.test('return mine !== presentedToken;')).toBe(true);
    for (const file of sources)
      for (const line of readFileSync(`src/access/${file}`, 'utf8').split('\n'))
        expect([file, line]).toEqual([file, expect.not.stringMatching(comparison)]);
  });
});
