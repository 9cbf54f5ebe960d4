import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { KeyRole } from '../generated/prisma/enums.js';
import { ApiProblems } from '../http/api-problems.decorator.js';

/** What `Roles` and `Public` leave at a route. */
export const ALLOWED_ROLES = 'pisync:allowed-roles';

/** Instead of roles: anybody, without a key. */
export const EVERYBODY = 'everybody';

/** From the least powerful on; each may do what those before it may. */
const LADDER: readonly KeyRole[] = ['viewer', 'operator', 'admin'];

/**
 * Who may use a route, or all routes of a controller: `@Roles('viewer')` is for viewers and above,
 * `@Roles('viewer', 'device')` for devices too. Every route has this or `@Public()`, or the service does not
 * start.
 */
export function Roles(...roles: [KeyRole, ...KeyRole[]]): MethodDecorator & ClassDecorator {
  const allowed = rolesFrom(roles);
  return applyDecorators(
    SetMetadata(ALLOWED_ROLES, new Set(allowed)),
    ApiExtension('x-roles', allowed),
    ApiProblems(401, 403),
  );
}

/** For everybody, without a key: nothing behind such a route may be worth protecting. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ALLOWED_ROLES, EVERYBODY), ApiExtension('x-roles', [EVERYBODY]));
}

/** The roles themselves and those above them on the ladder, in the order of the enum. */
function rolesFrom(roles: readonly KeyRole[]): KeyRole[] {
  const least = Math.min(...roles.map((role) => LADDER.indexOf(role)).filter((step) => step !== -1));
  return Object.values(KeyRole).filter((role) => roles.includes(role) || LADDER.indexOf(role) >= least);
}
