import { Controller, Delete, Get, Header, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiConflict } from '../../http/api-conflict.decorator.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { Audited } from '../audit/audited.decorator.js';
import { principalOf } from '../principal.js';
import { Roles } from '../roles.decorator.js';
import { SESSION_PATH } from './log-in.js';
import { SESSION_COOKIE, SESSION_COOKIE_OPTIONS } from './session-cookie.js';
import { OpenSessionRequest, SessionDto, sessionDto } from './session.dto.js';
import { SessionNotFound, SessionNotNeeded } from './session.errors.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Session')
@Roles('viewer')
@Controller(SESSION_PATH)
export class SessionController {
  constructor(private readonly sessions: SessionsService) {}

  /**
   * Log in: exchange a key for a cookie.
   *
   * The cookie `__Host-pisync_session` stands for the key from then on, for `SESSION_HOURS` and at most as long as the
   * key. It is out of reach of scripts, and needs https, or http on the machine itself. A request with it that changes
   * something is taken from the service's own pages only.
   */
  @Post()
  @Audited<SessionDto>('session.opened', { id: ({ session_id }) => session_id, hides: ['key'] })
  @Header('Cache-Control', 'no-store')
  @ApiBody({ type: OpenSessionRequest, required: false })
  @ApiCreatedResponse({ type: SessionDto, headers: { 'Set-Cookie': { schema: { type: 'string' } } } })
  @ApiProblems(400, 413, 415, 429, 503)
  @ApiConflict('There is nothing to log in to.', { session_not_needed: new SessionNotNeeded().message })
  async open(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<SessionDto> {
    const principal = principalOf(request);
    const { id, token, lastsMs, expiresAt } = await this.sessions.open(principal.keyId);
    response.cookie(SESSION_COOKIE, token, { ...SESSION_COOKIE_OPTIONS, maxAge: lastsMs });
    return sessionDto({ ...principal, sessionId: id, expiresAt });
  }

  /** Who am I? */
  @Get()
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(429, 503)
  get(@Req() request: Request): SessionDto {
    return sessionDto(principalOf(request));
  }

  /**
   * Log out.
   *
   * The replica that answers refuses the cookie at once, the others within `KEY_CACHE_SECONDS`, 30 seconds at most. 404:
   * the request came with a key, which stays.
   */
  @Delete()
  @Audited('session.closed', { id: (_, { sessionId }) => sessionId })
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse({ description: 'The session is closed, and the cookie taken away.' })
  @ApiProblems(404, 429, 503)
  async close(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const { sessionId } = principalOf(request);
    if (sessionId === null) throw new SessionNotFound();
    await this.sessions.close(sessionId);
    response.clearCookie(SESSION_COOKIE, SESSION_COOKIE_OPTIONS);
  }
}
