import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from '../config/config.js';
import { VerifiableKey } from '../database/access-key.repository.js';
import { Clock } from '../domain/clock.js';
import { RequestRefused } from '../http/request-refused.js';
import { KeyCache } from './key-cache.js';
import { isSecretOf, PresentedKey, readKey, readSession } from './key-token.js';
import { KeyUse } from './key-use.js';
import { RefusedRequests } from './refused-requests.js';
import { ANY_DEVICE, LOCAL_USER, Principal } from './principal.js';
import { isLogIn, keyOfLogIn } from './sessions/log-in.js';
import { demandOwnPage, refuseOtherPages } from './sessions/same-origin.js';
import { SessionCache } from './sessions/session-cache.js';
import { sessionCookieOf } from './sessions/session-cookie.js';

const BEARER = 'Bearer ';

/**
 * Finds out who sent a request, from `Authorization: Bearer` or `X-API-Key`, or else from the cookie of a session.
 * Every report passes here: with a key that is known it takes one look into a map and one SHA-256.
 */
@Injectable()
export class Authenticator {
  private readonly publicOrigin: string | undefined;

  constructor(
    private readonly keys: KeyCache,
    private readonly sessions: SessionCache,
    private readonly use: KeyUse,
    private readonly refused: RefusedRequests,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {
    this.publicOrigin = config.publicUrl === undefined ? undefined : new URL(config.publicUrl).origin;
  }

  get isOff(): boolean {
    return this.config.authMode === 'off';
  }

  /**
   * A promise only where the database has to be asked, or the request is refused.
   *
   * @throws RequestRefused (401, or 429 after too many of them), in the same words whatever is wrong with a key;
   *   Forbidden, from another site's page; DatabaseUnavailable
   */
  authenticate(request: Request): Principal | Promise<Principal> {
    if (this.isOff || isLogIn(request)) refuseOtherPages(request, this.publicOrigin, this.config.corsOrigins);
    if (this.isOff) return LOCAL_USER;
    const text = presentedText(request) ?? keyOfLogIn(request);
    if (text !== undefined) return this.byKey(request, text);
    const cookie = sessionCookieOf(request.headers.cookie);
    if (cookie === undefined) return this.refuse(request, 'This needs a key.');
    demandOwnPage(request, this.publicOrigin);
    return this.bySession(request, cookie);
  }

  private byKey(request: Request, text: string): Principal | Promise<Principal> {
    const presented = readKey(text);
    if (!presented) return this.refuse(request, NOT_VALID);
    const key = this.keys.find(presented.id);
    return key instanceof Promise
      ? key.then((found) => this.verified(request, presented, found))
      : this.verified(request, presented, key);
  }

  private verified(
    request: Request,
    presented: PresentedKey,
    key: VerifiableKey | undefined,
  ): Principal | Promise<never> {
    if (!isSecretOf(presented, key) || !key) return this.refuse(request, NOT_VALID, key?.id);
    if (!this.isLive(key)) return this.refuse(request, NOT_VALID);
    return this.principalOf(key);
  }

  /** A session is worth what its key is worth at this moment: of the key nothing is kept in it. */
  private async bySession(request: Request, cookie: string): Promise<Principal> {
    const presented = readSession(cookie);
    if (!presented) return this.refuse(request, SESSION_ENDED);
    const session = await this.sessions.find(presented.id);
    if (!isSecretOf(presented, session) || !session || session.expiresAt <= this.clock.now())
      return this.refuse(request, SESSION_ENDED);
    const key = await this.keys.find(session.keyId);
    if (!key || !this.isLive(key)) return this.refuse(request, SESSION_ENDED);
    return { ...this.principalOf(key), sessionId: session.id, expiresAt: session.expiresAt };
  }

  private principalOf(key: VerifiableKey): Principal {
    this.use.note(key);
    const { id, name, role, expiresAt } = key;
    return { keyId: id, name, role, device: this.deviceOf(key), sessionId: null, expiresAt };
  }

  /** @throws RequestRefused */
  private async refuse(request: Request, message: string, keyId?: string): Promise<never> {
    throw await this.refused.count(request, keyId, unauthenticated(message));
  }

  private isLive({ revokedAt, expiresAt }: VerifiableKey): boolean {
    return revokedAt === null && (expiresAt === null || this.clock.now() < expiresAt);
  }

  private deviceOf({ role, deviceId }: VerifiableKey): Principal['device'] {
    if (role === 'device') return deviceId;
    return role === 'fleet' && !this.config.fleetIngest ? null : ANY_DEVICE;
  }
}

const NOT_VALID = 'This key is not valid.';
const SESSION_ENDED = 'This session has ended; log in again.';

/**
 * What stands in the place of a key; '' for what is nothing but a key's place, or two of them: which one counts
 * would be anybody's guess, a proxy's among them.
 */
function presentedText(request: Request): string | undefined {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  if (authorization === undefined) return typeof apiKey === 'string' ? apiKey : undefined;
  if (apiKey !== undefined || isSentTwice(request, 'authorization')) return '';
  return authorization.startsWith(BEARER) ? authorization.slice(BEARER.length) : '';
}

/** Node keeps the first of two such headers and says nothing of the second. */
function isSentTwice({ rawHeaders }: Request, name: string): boolean {
  let times = 0;
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const header = rawHeaders[place];
    if (header.length === name.length && header.toLowerCase() === name) times += 1;
  }
  return times > 1;
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function unauthenticated(message: string): RequestRefused {
  return new RequestRefused('unauthenticated', message, { 'WWW-Authenticate': 'Bearer realm="pisync"' });
}
