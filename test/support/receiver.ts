import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { AddressInfo, Socket } from 'node:net';

/**
 * An authority of these tests' own, a certificate of it for receiver.test and 127.0.0.1, and one that ended in 2020.
 * Good until 2126; the key opens nothing but these receivers.
 */
const file = (name: string): string => readFileSync(`test/support/certificates/${name}`, 'utf8');
export const TEST_AUTHORITY = file('authority.pem');

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

export type Behaviour = (request: Received, response: ServerResponse) => void;

export const answersWith =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) =>
    response.writeHead(status, headers).end('a body that nobody keeps');

/** Takes what is posted to it, and behaves as well or as badly as a test wants. */
export class Receiver {
  readonly received: Received[] = [];
  connections = 0;
  /** To connections that are closed by now, what was taken off the machine's buffers and what was not. */
  bytesAnswered = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly scheme: 'http' | 'https',
    private readonly behave: Behaviour,
  ) {
    server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.bytesAnswered += socket.bytesWritten;
      });
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.take(request, response);
    });
  }

  /** @param options.certificate makes it speak TLS */
  static async start(
    behave: Behaviour = answersWith(204),
    options: { certificate?: 'receiver' | 'expired'; host?: string } = {},
  ): Promise<Receiver> {
    const { certificate, host = '127.0.0.1' } = options;
    const server = certificate
      ? createSecureServer({ cert: file(`${certificate}.pem`), key: file('receiver.key') })
      : createServer();
    const receiver = new Receiver(server as Server, certificate ? 'https' : 'http', behave);
    server.listen(0, host);
    await once(server, 'listening');
    return receiver;
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Where to send to it, by its address or by another name for it. */
  url(host = '127.0.0.1'): string {
    return `${this.scheme}://${host}:${this.port}/hook?of=pisync`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    this.received.push(received);
    this.behave(received, response);
  }
}
