import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

/** Refuses a body that is not called JSON, which the parser would pass over in silence. */
export function requireJson(request: Request, _response: Response, next: NextFunction): void {
  if (request.headers['content-type'] === 'application/json' || request.is(JSON_TYPES) !== false)
    return next();
  if (request.headers['content-length'] === '0') return next();
  next(new UnsupportedMediaTypeException('The body must be JSON: Content-Type: application/json.'));
}

export const JSON_TYPES = ['application/json', 'application/*+json'];
