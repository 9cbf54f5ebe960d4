import type { NextFunction, Request, Response } from 'express';
import { randomBytes } from 'node:crypto';

/** Letters, digits and a few signs: what may be copied into a log line as it is. */
const ACCEPTABLE = /^[A-Za-z0-9._:-]{1,64}$/;

const HEADER = 'X-Request-Id';

/** Unique among replicas and restarts; the counter is cheaper than randomness for each request. */
const prefix = randomBytes(6).toString('base64url');
let counter = 0;

/** Takes over the request id of a proxy in front, or gives one; the answer and the log carry it. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  counter += 1;
  response.setHeader(
    HEADER,
    typeof given === 'string' && ACCEPTABLE.test(given) ? given : `${prefix}-${counter.toString(36)}`,
  );
  next();
}

export function requestIdOf(response: Response): string | undefined {
  return response.getHeader(HEADER) as string | undefined;
}
