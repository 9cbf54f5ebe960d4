import type { Request, Response } from 'express';
import { EventEmitter } from 'node:events';
import { Overloaded } from '../domain/domain-error.js';
import { admission, Depth } from './admission.middleware.js';

type Admit = (method: string, url: string) => { passed: unknown; response: Response };

/** @returns what the middleware passes on for a request whose body nobody has read yet */
function admitting(depth: Partial<Depth>): Admit {
  const middleware = admission({
    ...{ isQueueFull: () => false, delayMs: () => 0, mostDelayMs: 1_000, mostUnderWay: 2 },
    ...depth,
  });
  return (method, url) => {
    let passed: unknown = 'nothing';
    const response = Object.assign(new EventEmitter(), {
      writeHead: () => response,
    }) as unknown as Response;
    middleware({ method, url } as Request, response, (error?: unknown) => (passed = error));
    return { passed, response };
  };
}

describe('While the queue is full', () => {
  const admit = admitting({ isQueueFull: () => true });

  it.each(['/sync-event', '/sync-event/', '/sync-event?x=1', '/Sync-Events', '/sync-events/?x'])(
    'a report is turned away before its body is read: %s',
    (url) => expect(admit('POST', url).passed).toBeInstanceOf(Overloaded),
  );

  it.each([
    ['GET', '/devices'],
    ['GET', '/health/ready'],
  ])('everything else is served: %s %s', (method, url) => {
    expect(admit(method, url).passed).toBeUndefined();
  });
});

describe('While the queue has room', () => {
  it('a report is let through', () => expect(admitting({})('POST', '/sync-event').passed).toBeUndefined());
});

describe('While the process is behind', () => {
  const admit = admitting({ delayMs: () => 1_001 });

  it.each([
    ['POST', '/sync-event'],
    ['GET', '/devices'],
    ['PATCH', '/devices/PIBOX-7'],
  ])('%s %s is turned away', (method, url) => {
    expect(admit(method, url).passed).toBeInstanceOf(Overloaded);
  });

  it.each(['/health', '/health/live', '/health/ready', '/metrics', '/stream'])('%s is served', (url) => {
    expect(admit('GET', url).passed).toBeUndefined();
  });

  it('nobody is turned away up to the limit', () => {
    expect(admitting({ delayMs: () => 1_000 })('GET', '/devices').passed).toBeUndefined();
  });
});

describe('While as many requests are under way as may', () => {
  it('further ones are turned away, and no report', () => {
    const admit = admitting({});
    admit('GET', '/devices');
    admit('PATCH', '/devices/PIBOX-7');
    expect(admit('GET', '/stats').passed).toBeInstanceOf(Overloaded);
    expect(admit('POST', '/sync-event').passed).toBeUndefined();
    expect(admit('GET', '/health').passed).toBeUndefined();
  });

  it('there is room again when an answer begins, once', () => {
    const admit = admitting({});
    const { response } = admit('GET', '/devices');
    admit('GET', '/devices');
    response.writeHead(200);
    response.emit('close');
    expect(admit('GET', '/stats').passed).toBeUndefined();
    expect(admit('GET', '/stats').passed).toBeInstanceOf(Overloaded);
  });

  it('there is room again when a client goes away', () => {
    const admit = admitting({});
    const { response } = admit('GET', '/devices');
    admit('GET', '/devices');
    response.emit('close');
    expect(admit('GET', '/stats').passed).toBeUndefined();
  });
});
