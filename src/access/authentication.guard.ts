import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Authenticator } from './authenticator.js';
import { Principal } from './principal.js';
import { EVERYBODY } from './roles.decorator.js';
import { RouteRoles } from './route-roles.js';

/** Finds out who sent a request, except where everybody is served: the guards behind it go by that. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly routes: RouteRoles,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws RequestRefused (401, 429), DatabaseUnavailable */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    // Whatever is no plain read has been asked already, before its body was read.
    if (request.principal) return true;
    if (this.routes.of(context.getClass(), context.getHandler()) === EVERYBODY) return true;
    const admit = (principal: Principal): boolean => {
      request.principal = principal;
      return true;
    };
    const principal = this.authenticator.authenticate(request);
    return principal instanceof Promise ? principal.then(admit) : admit(principal);
  }
}
