import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { ThrottlerException } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { DomainError, ValidationFailed } from '../domain/domain-error.js';
import { allowedMethods } from './allowed-methods.js';
import { codeOf, problem, Problem, PROBLEM_CONTENT_TYPE, statusOf } from './problem.js';
import { requestIdOf } from './request-id.middleware.js';

/** A herd that was turned away together must not come back together. */
const RETRY_AFTER_SECONDS = { least: 1, most: 30 };

/** The one place that knows what an error is over HTTP: application/problem+json (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const answer = this.problemOf(error, request, response);
    if (answer.status >= 500 && answer.status !== 503) {
      this.logger.error({ error, method: request.method, path: request.path, request_id: answer.request_id });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (answer.status === 503) response.setHeader('Retry-After', retryAfterSeconds());
    response.status(answer.status).setHeader('Content-Type', PROBLEM_CONTENT_TYPE);
    response.end(JSON.stringify(answer));
  }

  private problemOf(error: unknown, request: Request, response: Response): Problem {
    const request_id = requestIdOf(response);
    if (error instanceof ValidationFailed) {
      return problem(400, error.code, {
        detail: 'Some fields break their rules.',
        request_id,
        errors: error.errors,
      });
    }
    if (error instanceof DomainError) {
      const status = statusOf(error.code);
      return status === 500
        ? problem(500, 'internal_error', { request_id })
        : problem(status, error.code, { detail: error.message, request_id });
    }
    if (error instanceof ThrottlerException) {
      return problem(429, 'too_many_requests', {
        detail: 'Too many requests; wait for Retry-After seconds.',
        request_id,
      });
    }
    const status = httpStatusOf(error);
    if (status === 404) {
      const allowed = allowedMethods(request);
      if (allowed.length > 0) {
        response.setHeader('Allow', allowed.join(', '));
        return problem(405, 'method_not_allowed', {
          detail: `${request.method} is not for this path.`,
          request_id,
        });
      }
      return problem(404, 'not_found', { detail: 'There is nothing at this path.', request_id });
    }
    const detail = status < 500 ? messageOf(error) : undefined;
    return problem(status, codeOf(status), { detail, request_id });
  }
}

function retryAfterSeconds(): number {
  const { least, most } = RETRY_AFTER_SECONDS;
  return least + Math.floor(Math.random() * (most - least + 1));
}

/** Nest's exceptions and the errors of Express and its body parser carry their status; nothing else does. */
function httpStatusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = error instanceof Error ? (error as Error & { status?: unknown }).status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function messageOf(error: unknown): string | undefined {
  const { type, message } = error as { type?: string; message?: string };
  if (type === 'entity.parse.failed') return 'The body is not valid JSON.';
  if (type === 'entity.too.large') return 'The body is larger than 100 kB.';
  return message;
}
