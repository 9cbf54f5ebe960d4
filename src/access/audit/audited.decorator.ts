import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { AuditInterceptor } from './audit.interceptor.js';
import { AuditAction, AUDITED, AuditedRoute, UnauditedRoute } from './audited-route.js';

/**
 * A route that changes something: each time it does, one entry stands in the audit log before the answer leaves.
 * Every route that is no GET has this or `@NotAudited()`, or the service does not start.
 *
 * @param how see AuditedRoute; a field of the body that is neither shown nor hidden fails test/audit.e2e-spec.ts
 */
export function Audited<Answer = unknown>(
  action: AuditAction,
  how: Omit<AuditedRoute<Answer>, 'action'> = {},
): MethodDecorator {
  return applyDecorators(
    SetMetadata(AUDITED, { action, ...how }),
    UseInterceptors(AuditInterceptor),
    ApiExtension('x-audit', action),
  );
}

/** For a route that changes nothing an operator decides. @param because for whoever wonders */
export function NotAudited(because: string): MethodDecorator {
  return SetMetadata(AUDITED, { because } satisfies UnauditedRoute);
}
