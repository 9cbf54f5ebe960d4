import type { NextFunction, Request, Response } from 'express';
import { discardBody, hasBody } from '../http/request-body.js';
import type { Authenticator } from './authenticator.js';
import { Principal } from './principal.js';
import { isLogIn } from './sessions/log-in.js';

/**
 * Asks whoever sends more than a plain read for a key before a byte of the body is looked at: else strangers
 * could have a MiB of theirs parsed. No route that changes something is public. A log-in alone has its key in its
 * body, and that is short.
 */
export function authenticateFirst(authenticator: Authenticator) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (authenticator.isOff || isRead || isLogIn(request)) return next();
    const admit = (principal: Principal): void => {
      request.principal = principal;
      next();
    };
    const refuse = (error: unknown): void => {
      if (hasBody(request)) discardBody(request, response, () => next(error));
      else next(error);
    };
    const principal = authenticator.authenticate(request);
    if (principal instanceof Promise) principal.then(admit, refuse);
    else admit(principal);
  };
}
