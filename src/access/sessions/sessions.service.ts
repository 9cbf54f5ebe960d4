import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AccessKeyRepository } from '../../database/access-key.repository.js';
import { SessionRepository } from '../../database/session.repository.js';
import { Clock } from '../../domain/clock.js';
import { KeyNotFound } from '../key-not-found.js';
import { mintSession } from '../key-token.js';
import { SessionCache } from './session-cache.js';
import { SessionNotNeeded } from './session.errors.js';

const HOUR_MS = 3_600_000;

/** Browsers of one person, and of those who share a key; of more the oldest has to log in again. */
const MOST_SESSIONS_OF_A_KEY = 100;

export interface OpenedSession {
  readonly id: string;
  /** What the browser keeps; it is kept nowhere else. */
  readonly token: string;
  readonly expiresAt: Date;
  /** Milliseconds until then: for browsers, whose clocks may be wrong. */
  readonly lastsMs: number;
}

/** A browser's stand-in for a key: shorter-lived, and out of reach of its scripts. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger(SessionsService.name);

  constructor(
    private readonly sessions: SessionRepository,
    private readonly keys: AccessKeyRepository,
    private readonly cache: SessionCache,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * Ends after SESSION_HOURS, or with its key.
   *
   * @param keyId the key that it stands for; null where AUTH_MODE=off
   * @throws SessionNotNeeded, KeyNotFound
   */
  async open(keyId: string | null): Promise<OpenedSession> {
    if (keyId === null) throw new SessionNotNeeded();
    const key = await this.keys.find(keyId);
    if (!key) throw new KeyNotFound(keyId);
    const createdAt = this.clock.now();
    const atTheLatest = createdAt.getTime() + this.config.sessionHours * HOUR_MS;
    const expiresAt = new Date(Math.min(atTheLatest, key.expiresAt?.getTime() ?? Infinity));
    const { key: token, id, secretSha256 } = mintSession();
    await this.sessions.open({ id, secretSha256, keyId, createdAt, expiresAt }, MOST_SESSIONS_OF_A_KEY);
    this.logger.log(`Key ${keyId} has opened session ${id}.`);
    return { id, token, expiresAt, lastsMs: expiresAt.getTime() - createdAt.getTime() };
  }

  /** Here at once, in other replicas within KEY_CACHE_SECONDS. */
  async close(id: string): Promise<void> {
    await this.sessions.close(id);
    this.cache.forget(id);
    this.logger.log(`Session ${id} was closed.`);
  }
}
