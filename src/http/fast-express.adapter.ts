import { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';

/**
 * Express, without what makes it slow on Node 20: it changes the prototype of every request and every
 * response, after which V8 finds none of their properties fast. Here the server makes them with the very
 * prototypes that Express would set, so the change changes nothing. On a tuned request path this more than
 * doubles the requests a second on Node 20; on Node 24 it no longer matters, and this file can go.
 */
export class FastExpressAdapter extends ExpressAdapter {
  override initHttpServer(_options: NestApplicationOptions): void {
    const app: Express = this.getInstance();
    class FastRequest extends IncomingMessage {}
    class FastResponse extends ServerResponse {}
    inherit(FastRequest.prototype, app.request);
    inherit(FastResponse.prototype, app.response);
    app.request = FastRequest.prototype as Express['request'];
    app.response = FastResponse.prototype as Express['response'];
    this.httpServer = createServer(
      {
        IncomingMessage: FastRequest,
        ServerResponse: FastResponse,
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: 1_000,
      },
      app,
    );
  }
}

/** Longer than the 60 s after which nginx and cloud balancers drop an idle connection themselves. */
const KEEP_ALIVE_MS = 65_000;

/** A client that takes longer for its headers is not a device on a bad line but one that holds sockets. */
const HEADERS_MS = 10_000;

/** 100 kB in half a minute is 27 kbit/s: slower than the slowest line that still syncs. */
const REQUEST_MS = 30_000;

/** Copies what Express keeps on its two prototypes down to where it would have put them. */
function inherit(prototype: object, from: object): void {
  for (
    let level: object | null = from;
    level && !isNodes(level);
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (!Object.hasOwn(prototype, name)) Object.defineProperty(prototype, name, property);
    }
  }
}

function isNodes(prototype: object): boolean {
  return prototype === IncomingMessage.prototype || prototype === ServerResponse.prototype;
}
