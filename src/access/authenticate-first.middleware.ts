import type { NextFunction, Request, Response } from 'express';
import { discardBody, hasBody } from '../http/request-body.js';
import type { Authenticator } from './authenticator.js';
import { Principal } from './principal.js';

/**
 * Asks whoever sends more than a plain read for a key before a byte of the body is looked at: else strangers
 * could have a MiB of theirs parsed. No route that changes something is public.
 */
export function authenticateFirst(authenticator: Authenticator) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (authenticator.isOff || request.method === 'GET' || request.method === 'HEAD') return next();
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
