import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { ExpressAdapter } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { DomainError, LimitReached, ValidationFailed } from '../domain/domain-error.js';
import { allowedMethods } from './allowed-methods.js';
import { codeOf, problem, Problem, PROBLEM_CONTENT_TYPE, statusOf } from './problem.js';
import { requestIdOf } from './request-id.middleware.js';
import { RequestRefused } from './request-refused.js';

/** A herd that was turned away together must not come back together. */
const RETRY_AFTER_SECONDS = { least: 1, most: 30 };

/** An outage turns away thousands of requests a second; one line a second tells of them. */
const OUTAGE_LOG_INTERVAL_MS = 1_000;

/** The one place that knows what an error is over HTTP: application/problem+json (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private outageLoggedAt = 0;

  constructor(private readonly adapter: Pick<ExpressAdapter, 'reply'>) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const answer = this.problemOf(error, request, response);
    this.log(error, answer, request);
    if (response.headersSent) {
      // Half an answer cannot be taken back; cutting it off tells the client that it is not whole.
      response.destroy();
    } else if (answer.status === 405 && request.method === 'OPTIONS') {
      this.adapter.reply(response, null, 204);
    } else {
      response.setHeader('Content-Type', PROBLEM_CONTENT_TYPE);
      this.adapter.reply(response, answer, answer.status);
    }
  }

  private problemOf(error: unknown, request: Request, response: Response): Problem {
    const request_id = requestIdOf(response);
    if (error instanceof DomainError) return domainProblem(error, response, request_id);
    const status = httpStatusOf(error);
    if (status === 404) return unmatchedProblem(request, response, request_id);
    return problem(status, codeOf(status), {
      detail: status < 500 ? messageOf(error) : undefined,
      request_id,
    });
  }

  private log(error: unknown, answer: Problem, request: Request): void {
    const { method, path } = request;
    if (answer.status === 503) {
      if (Date.now() - this.outageLoggedAt < OUTAGE_LOG_INTERVAL_MS) return;
      this.outageLoggedAt = Date.now();
      this.logger.warn(`Requests are answered with 503: ${answer.detail}`);
    } else if (answer.status >= 500) {
      this.logger.error({ error, method, path, request_id: answer.request_id });
    } else {
      this.logger.debug({ ...answer, method, path });
    }
  }
}

function domainProblem(error: DomainError, response: Response, request_id?: string): Problem {
  if (error instanceof ValidationFailed) {
    const detail = 'Some fields break their rules.';
    return problem(400, error.code, { detail, request_id, errors: error.errors });
  }
  if (error instanceof RequestRefused) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  }
  if (error instanceof LimitReached) response.setHeader('Retry-After', error.retryAfterSeconds);
  const status = statusOf(error.code);
  if (status === 500) return problem(500, 'internal_error', { request_id });
  if (status === 503) response.setHeader('Retry-After', retryAfterSeconds());
  return problem(status, error.code, { detail: error.message, request_id });
}

/** No route took the request: nothing is at its path, or something that takes other methods. */
function unmatchedProblem(request: Request, response: Response, request_id?: string): Problem {
  const allowed = allowedMethods(request);
  if (allowed.length === 0 || (allowed.includes(request.method) && request.method !== 'OPTIONS')) {
    return problem(404, 'not_found', { detail: 'There is nothing at this path.', request_id });
  }
  response.setHeader('Allow', allowed.join(', '));
  const detail = `${request.method} is not for this path.`;
  return problem(405, 'method_not_allowed', { detail, request_id });
}

function retryAfterSeconds(): number {
  const { least, most } = RETRY_AFTER_SECONDS;
  return least + Math.floor(Math.random() * (most - least + 1));
}

/** Nest's exceptions and Express's errors carry their status; nothing else does. */
function httpStatusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = error instanceof Error ? (error as Error & { status?: unknown }).status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}
