import type { Request, Response } from 'express';
import { Overloaded } from '../domain/domain-error.js';
import { turnAwayWhenFull } from './turn-away-when-full.middleware.js';

/** What the middleware passes on for a request whose body nobody has read yet. */
function passedOn(method: string, url: string, isFull: boolean): unknown {
  let passed: unknown = 'nothing';
  turnAwayWhenFull(() => isFull)(
    { method, url } as Request,
    {} as Response,
    (error?: unknown) => (passed = error),
  );
  return passed;
}

describe('While the queue is full', () => {
  it.each(['/sync-event', '/sync-event/', '/sync-event?x=1'])(
    'a report is turned away before its body is read: %s',
    (url) => expect(passedOn('POST', url, true)).toBeInstanceOf(Overloaded),
  );

  it.each([
    ['GET', '/devices'],
    ['GET', '/health/ready'],
    ['PATCH', '/devices/PIBOX-7'],
  ])('everything else is served: %s %s', (method, url) =>
    expect(passedOn(method, url, true)).toBeUndefined(),
  );
});

describe('While the queue has room', () => {
  it('a report is let through', () => expect(passedOn('POST', '/sync-event', false)).toBeUndefined());
});
