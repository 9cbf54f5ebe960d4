import type { NextFunction, Request, Response } from 'express';

/** Devices in the field use paths with and without `/api`: both reach the same route. */
export function stripApiPrefix(request: Request, _response: Response, next: NextFunction): void {
  if (request.url.startsWith('/api/')) request.url = request.url.slice('/api'.length);
  next();
}
