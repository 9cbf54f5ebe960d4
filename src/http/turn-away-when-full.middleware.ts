import type { NextFunction, Request, Response } from 'express';
import { Overloaded } from '../domain/domain-error.js';

/** Turns reports away while the queue is full, before their bodies are read. */
export function turnAwayWhenFull(isFull: () => boolean) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (request.method === 'POST' && request.url.startsWith('/sync-event') && isFull()) {
      next(new Overloaded('Too many events are waiting to be stored.'));
    } else {
      next();
    }
  };
}
