import { applyDecorators } from '@nestjs/common';
import { ApiResponse, ApiResponseOptions } from '@nestjs/swagger';
import { codeOf, problem } from './problem.js';

export type DocumentedStatus = 400 | 401 | 403 | 404 | 406 | 408 | 409 | 413 | 415 | 429 | 503;

const DESCRIPTIONS: Record<DocumentedStatus, string> = {
  400: 'Not valid JSON, or fields that break their rules; `errors` names each.',
  401: 'No key, or none that is valid: `Authorization: Bearer <key>`, or `X-API-Key: <key>`.',
  403: 'The key is valid, and not for this.',
  404: 'There is no such thing.',
  406: 'There is no such form of it as `Accept` asks for.',
  408: 'The body took too long.',
  409: 'The `event_id` is stored already, with other content.',
  413: 'The body is too large: 100 kB for a single event, 1 MiB (10 MiB inflated) and 1000 events for an upload.',
  415: 'The body is not JSON, or has an unknown coding.',
  429: 'Too many requests; `Retry-After` says in how many seconds to come back.',
  503: 'Overloaded, or the database is away; `Retry-After` says in how many seconds to come back. Nothing was acknowledged.',
};

const EXAMPLES: Partial<Record<DocumentedStatus, object>> = {
  400: problem(400, 'validation_failed', {
    detail: 'Some fields break their rules.',
    request_id: 'kq3VJ0aA-1',
    errors: [{ field: 'total_errors', message: 'must be an integer from 0 to 2147483647' }],
  }),
  409: problem(409, 'event_conflict', {
    detail: 'Device PIBOX-7 has already reported an event boot-41:17 with other content.',
    request_id: 'kq3VJ0aA-2',
  }),
};

/** Documents the problems (RFC 9457) that an operation answers. */
export function ApiProblems(...statuses: DocumentedStatus[]): MethodDecorator & ClassDecorator {
  return applyDecorators(...statuses.map((status) => ApiResponse({ status, ...describedProblem(status) })));
}

/** How a problem stands in the API's description, wherever it is answered. */
export function describedProblem(status: DocumentedStatus) {
  return {
    description: DESCRIPTIONS[status],
    ...(HEADERS[status] && { headers: HEADERS[status] }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: EXAMPLES[status] ?? problem(status, codeOf(status), { request_id: 'kq3VJ0aA-3' }),
      },
    },
  };
}

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } as const;

const HEADERS: Partial<Record<DocumentedStatus, ApiResponseOptions['headers']>> = {
  429: {
    ...RETRY_AFTER,
    'RateLimit-Policy': {
      description: 'The limit that was met: its name, how much (`q`) in how many seconds (`w`).',
      schema: { type: 'string', example: '"device-requests";q=300;w=60' },
    },
    RateLimit: {
      description: 'What is left of it (`r`), and in how many seconds there is more (`t`).',
      schema: { type: 'string', example: '"device-requests";r=0;t=1' },
    },
  },
  503: RETRY_AFTER,
};
