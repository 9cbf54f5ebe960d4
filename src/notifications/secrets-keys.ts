import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Config } from '../config/config.js';
import { DomainError } from '../domain/domain-error.js';
import { KEY_BYTES, SecretBox } from './secret-box.js';

/** In production nobody but the operator decides where a key is kept. */
export class SecretsKeyMissing extends DomainError {
  readonly code = 'secrets_key_missing';

  constructor() {
    super(
      'SECRETS_KEY is not set, and without it no address or secret is kept in production: set it to 32 random ' +
        'bytes in base64 (openssl rand -base64 32), the same for every replica.',
    );
  }
}

/**
 * The keys that seal stored secrets: SECRETS_KEY, or on a laptop a file beside the embedded data, made when it is
 * first needed. A service without such channels needs no key.
 */
@Injectable()
export class SecretsKeys {
  private opened?: SecretBox;

  constructor(private readonly config: Config) {}

  /** @throws SecretsKeyMissing */
  box(): SecretBox {
    this.opened ??= new SecretBox(this.keys());
    return this.opened;
  }

  private keys(): Buffer[] {
    const { secretsKey, nodeEnv, dataDir } = this.config;
    if (secretsKey.length > 0) return secretsKey.map((key) => Buffer.from(key, 'base64'));
    if (nodeEnv === 'production') throw new SecretsKeyMissing();
    return [keyIn(join(dataDir, 'secrets.key'))];
  }
}

/** Made once, whoever comes first, and readable by its owner only. */
function keyIn(file: string): Buffer {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new Error(`${file} holds no key: 32 bytes in base64. Put it back from a copy, or set SECRETS_KEY.`);
}
