import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Forbidden } from '../domain/domain-error.js';
import { KeyRole } from '../generated/prisma/enums.js';
import { Authenticator } from './authenticator.js';
import { Principal } from './principal.js';
import { EVERYBODY } from './roles.decorator.js';
import { RouteRoles } from './route-roles.js';

/** Lets a request to its route, by the roles that the route declares. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(
    private readonly routes: RouteRoles,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws RequestRefused (401), Forbidden, DatabaseUnavailable */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const allowed = this.routes.of(context.getClass(), context.getHandler());
    if (allowed === EVERYBODY) return true;
    const request = context.switchToHttp().getRequest<Request>();
    // Whatever is no plain read has been asked already, before its body was read.
    const principal = request.principal ?? this.authenticator.authenticate(request);
    return principal instanceof Promise
      ? principal.then((found) => this.admit(request, found, allowed))
      : this.admit(request, principal, allowed);
  }

  private admit(request: Request, principal: Principal, allowed: ReadonlySet<KeyRole>): boolean {
    request.principal = principal;
    if (this.authenticator.isOff || allowed.has(principal.role)) return true;
    throw new Forbidden(`This is not for keys of the role ${principal.role}.`);
  }
}
