import type { Express } from 'express';
import { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';

/**
 * Spares Express what makes it slow on Node 20: it changes the prototype of every request and every response,
 * after which V8 finds none of their properties fast. Made by these classes they have the very prototypes
 * that Express would set, so the change changes nothing. On Node 20 that more than doubles the requests a
 * second; on Node 24 it no longer matters, and this file can go (its one caller spreads what it returns).
 */
export function fastExpressMessages(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class FastRequest extends IncomingMessage {}
  class FastResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  adopt(FastRequest.prototype, app.request);
  adopt(FastResponse.prototype, app.response);
  app.request = FastRequest.prototype as Express['request'];
  app.response = FastResponse.prototype as Express['response'];
  return { IncomingMessage: FastRequest, ServerResponse: FastResponse };
}

/** Copies what Express keeps on its prototypes, down to Node's own, where the new classes have it first. */
function adopt(prototype: object, from: object): void {
  let level = from;
  while (level !== IncomingMessage.prototype && level !== ServerResponse.prototype) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (!Object.hasOwn(prototype, name)) Object.defineProperty(prototype, name, property);
    }
    level = Object.getPrototypeOf(level) as object;
  }
}
