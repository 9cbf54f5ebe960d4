import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AccessKeyRepository, VerifiableKey } from '../database/access-key.repository.js';
import { RecentLookUps } from './recent-look-ups.js';

/** The keys of the last seconds (KEY_CACHE_SECONDS): how long a revoked one lives on in other replicas. */
@Injectable()
export class KeyCache extends RecentLookUps<VerifiableKey> {
  constructor(keys: AccessKeyRepository, config: Config) {
    super((ids) => keys.verifiable(ids), config.keyCacheSeconds);
  }
}
