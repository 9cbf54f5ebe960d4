import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { fastExpressMessages } from './fast-express-messages.js';
import { refuseMalformedMessage } from './malformed-message.js';

/** Longer than the 60 s after which nginx and cloud balancers drop an idle connection themselves. */
const KEEP_ALIVE_MS = 65_000;

/**
 * A connection on which nothing moves any more, in neither direction: a client that does not take its answer.
 * Twice what the slowest answer of this service takes, and more than the pauses of a line that still works.
 */
const SILENCE_MS = 120_000;

/** For a request whose body nobody reads; the readers of bodies have limits of their own, all below this. */
const REQUEST_MS = 310_000;

/** How often Node looks for connections that are beyond the limits above; its own 30 s would triple them. */
const CHECK_MS = 1_000;

/** Express behind an HTTP server that gives slow clients up in time and can be stopped without cutting answers. */
export class ExpressHttpAdapter extends ExpressAdapter {
  private readonly connections = new Set<Socket>();
  private isClosing = false;

  /** @param headersMs a client that takes longer for its headers is given up */
  constructor(private readonly headersMs: number) {
    super();
  }

  override initHttpServer(): void {
    const app: Express = this.getInstance();
    this.httpServer = createServer(
      {
        ...fastExpressMessages(app),
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: this.headersMs,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: CHECK_MS,
      },
      app,
    );
    this.httpServer.setTimeout(SILENCE_MS);
    this.httpServer.on('clientError', refuseMalformedMessage);
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
