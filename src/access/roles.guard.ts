import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Forbidden } from '../domain/domain-error.js';
import { Authenticator } from './authenticator.js';
import { principalOf } from './principal.js';
import { EVERYBODY } from './roles.decorator.js';
import { RouteRoles } from './route-roles.js';

/** Lets a request to its route, by the roles that the route declares. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(
    private readonly routes: RouteRoles,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws Forbidden */
  canActivate(context: ExecutionContext): boolean {
    const allowed = this.routes.of(context.getClass(), context.getHandler());
    if (allowed === EVERYBODY) return true;
    const { role } = principalOf(context.switchToHttp().getRequest<Request>());
    if (this.authenticator.isOff || allowed.has(role)) return true;
    throw new Forbidden(`This is not for keys of the role ${role}.`);
  }
}
