import type { NextFunction, Request, Response } from 'express';

/** `/api` as a whole segment, so that `/api-docs` keeps it; around it the doubled slashes of sloppy firmware. */
const API_PREFIX = /^\/+(?:api(?:\/+|(?=\?)|$))?/;

/** Devices in the field use paths with and without `/api`: both reach the same route. */
export function stripApiPrefix(request: Request, _response: Response, next: NextFunction): void {
  request.url = request.url.replace(API_PREFIX, '/');
  next();
}
