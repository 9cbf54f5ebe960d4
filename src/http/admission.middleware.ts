import type { NextFunction, Request, Response } from 'express';
import { Overloaded } from '../domain/domain-error.js';

const REPORT = /^\/sync-events?\/*(?:\?|$)/i;

/** Balancers ask for the health all the more when it is bad; a stream of events waits, and does not work. */
const ALWAYS = /^\/(?:health|metrics|stream)(?:[/?]|$)/i;

export interface Depth {
  /** Whether as many events wait as may. */
  isQueueFull(): boolean;
  /** How late the process gets to what it has to do, in milliseconds. */
  delayMs(): number;
  readonly mostDelayMs: number;
  /** Requests other than reports that may be at work at once. */
  readonly mostUnderWay: number;
}

/**
 * Turns requests away that would only wait, before their key is looked at and their body is read: what a process
 * cannot serve in time must cost it next to nothing.
 *
 * Reports are let in as long as their queue has room; everything else as long as not too much of it is under
 * way, so that no crowd of readers takes from devices the database's connections for longer than that.
 */
export function admission(depth: Depth) {
  let underWay = 0;

  return (request: Request, response: Response, next: NextFunction): void => {
    if (ALWAYS.test(request.url)) return next();
    if (depth.delayMs() > depth.mostDelayMs) return next(new Overloaded('The service is behind.'));
    if (request.method === 'POST' && REPORT.test(request.url)) {
      return depth.isQueueFull() ? next(new Overloaded('Too many events are waiting to be stored.')) : next();
    }
    if (underWay >= depth.mostUnderWay) return next(new Overloaded('Too many requests are under way.'));
    underWay += 1;
    onceAnswered(response, () => (underWay -= 1));
    next();
  };
}

/**
 * When the answer begins, or there is nobody left to answer: a file that streams for minutes down a slow line
 * needs no more than a page of memory.
 */
function onceAnswered(response: Response, done: () => void): void {
  let isDone = false;
  const finish = (): void => {
    if (!isDone) done();
    isDone = true;
  };
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
  response.writeHead = (...args: unknown[]): Response => {
    finish();
    return writeHead(...args);
  };
  response.once('close', finish);
}
