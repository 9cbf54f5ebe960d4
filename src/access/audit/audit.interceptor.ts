import { CallHandler, ExecutionContext, Injectable, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { concatMap, Observable } from 'rxjs';
import { requestIdOf } from '../../http/request-id.middleware.js';
import { principalOf } from '../principal.js';
import { auditDetails } from './audit-details.js';
import { actorOf, AuditTrailService } from './audit-trail.service.js';
import { AUDITED, type AuditedRoute } from './audited-route.js';

/** Writes down what a route with `@Audited()` has done, between its handler and its answer. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly trail: AuditTrailService,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const route = this.reflector.get<AuditedRoute>(AUDITED, context.getHandler());
    const http = context.switchToHttp();
    return next.handle().pipe(
      concatMap(async (answer) => {
        await this.record(route, answer, http.getRequest<Request>(), http.getResponse<Response>());
        return answer;
      }),
    );
  }

  private async record(
    { action, id, shows, hides, adds }: AuditedRoute,
    answer: unknown,
    request: Request,
    response: Response,
  ): Promise<void> {
    const principal = principalOf(request);
    const { params, query, body } = request;
    const resourceId = id ? id(answer as never, principal) : (params.id ?? params.device_id);
    try {
      await this.trail.record({
        by: actorOf(principal),
        action,
        resourceId: String(resourceId),
        details: {
          ...auditDetails({ ...query, ...(body as object | undefined) }, shows, hides),
          ...adds?.(answer as never),
        },
        requestId: requestIdOf(response) ?? null,
      });
    } catch (error) {
      // Nobody gets a session that stands nowhere.
      response.removeHeader('Set-Cookie');
      throw error;
    }
  }
}
