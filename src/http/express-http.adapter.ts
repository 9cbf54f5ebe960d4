import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { fastExpressMessages } from './fast-express-messages.js';

/** Longer than the 60 s after which nginx and cloud balancers drop an idle connection themselves. */
const KEEP_ALIVE_MS = 65_000;

/** A client that takes longer for its headers is not a device on a bad line but one that holds sockets. */
const HEADERS_MS = 10_000;

/** For a request whose body nobody reads; the readers of bodies have limits of their own, all below this. */
const REQUEST_MS = 310_000;

/** How often Node looks for connections that are beyond the limits above; its own 30 s would triple them. */
const CHECK_MS = 1_000;

/** Express behind an HTTP server that gives slow clients up in time and can be stopped without cutting answers. */
export class ExpressHttpAdapter extends ExpressAdapter {
  private readonly connections = new Set<Socket>();
  private isClosing = false;

  override initHttpServer(): void {
    const app: Express = this.getInstance();
    this.httpServer = createServer(
      {
        ...fastExpressMessages(app),
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: CHECK_MS,
      },
      app,
    );
    this.httpServer.on('connection', (connection: Socket) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
  }

  /** Tells each client with its answer not to send the next request on the same connection. */
  closeConnectionsAfterAnswers(): void {
    this.isClosing = true;
  }

  /**
   * Closes the connections on which nothing was ever sent: browsers and balancers open such in advance, and
   * Node does not count them among the idle ones.
   */
  closeSilentConnections(): void {
    for (const connection of this.connections) if (connection.bytesRead === 0) connection.destroy();
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (this.isClosing && !response.headersSent) response.setHeader('Connection', 'close');
    return super.reply(response, body, statusCode) as unknown;
  }
}
