import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { SessionRepository, VerifiableSession } from '../../database/session.repository.js';
import { RecentLookUps } from '../recent-look-ups.js';

/** The sessions of the last seconds: like a key, one that was logged out lives on in other replicas for that long. */
@Injectable()
export class SessionCache extends RecentLookUps<VerifiableSession> {
  constructor(sessions: SessionRepository, config: Config) {
    super((ids) => sessions.verifiable(ids), config.keyCacheSeconds);
  }
}
