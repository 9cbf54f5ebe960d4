import { Agent as HttpAgent, ClientRequest, IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { DestinationPolicy } from './destination.policy.js';
import { NameLookup } from './name-lookup.js';

/** What is read of an answer's body once its status is there, so that a receiver may finish. None of it is kept. */
const MOST_OF_A_BODY = 4_096;

/** How long that may take. */
const BODY_PATIENCE_MS = 1_000;

/** Node gives each address of a name a quarter of a second to connect, which is less than a satellite takes. */
const CONNECT_ATTEMPT_MS = 3_000;

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter?: string;
}

/**
 * Posts to addresses that other people chose. The address is checked in the very look-up whose answer is connected
 * to, so that a name cannot answer differently in between; redirects are not followed; proxies of the environment and
 * NODE_TLS_REJECT_UNAUTHORIZED are not heard. Each request has its own connection: what was checked when a connection
 * was made does not go stale on a kept one.
 */
export class HttpPost {
  private readonly agents;

  /** @param tls what certificates are held against, if not against the public authorities */
  constructor(
    private readonly policy: DestinationPolicy,
    private readonly names: NameLookup,
    tls: { ca?: string } = {},
  ) {
    this.agents = {
      'http:': new HttpAgent({ keepAlive: false }),
      'https:': new HttpsAgent({ keepAlive: false, rejectUnauthorized: true, ...tls }),
    };
  }

  /**
   * @throws DeliveryFailure if nothing may go there, else what the connection died of
   * @returns as soon as the answer's status is known
   */
  async send(
    destination: string,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const url = this.policy.demandAllowed(destination);
    const bytes = Buffer.from(body);
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const options = {
        method: 'POST',
        agent: this.agents[secure ? 'https:' : 'http:'],
        headers: {
          'content-type': 'application/json',
          'content-length': bytes.length,
          'user-agent': 'PiSync',
          ...headers,
        },
        lookup: this.lookupFor(url, signal),
        autoSelectFamilyAttemptTimeout: CONNECT_ATTEMPT_MS,
        signal,
      };
      const request: ClientRequest = secure ? httpsRequest(url, options) : httpRequest(url, options);
      request.on('error', reject);
      request.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        readALittle(response);
      });
      // Nobody asked for another protocol. Without a listener Node would hang up and say nothing.
      request.on('upgrade', ({ statusCode = 101 }, socket) => {
        socket.destroy();
        resolve({ status: statusCode });
      });
      request.end(bytes);
    });
  }

  private lookupFor(url: URL, signal: AbortSignal): LookupFunction {
    const lookUpAndCheck = callbackify(async (hostname: string) => {
      const found = await this.names.addressesOf(hostname, signal);
      this.policy.demandAllConnectable(
        found.map(({ address }) => address),
        url,
      );
      return found;
    });
    return (hostname, { all }, callback) =>
      lookUpAndCheck(hostname, (error, found) => {
        if (error) callback(error, []);
        else if (all) callback(null, found);
        else callback(null, found[0].address, found[0].family);
      });
  }
}

/** A body that breaks off changes nothing any more: the receiver has said what it had to say. */
function readALittle(response: IncomingMessage): void {
  let read = 0;
  const patience = setTimeout(() => response.destroy(), BODY_PATIENCE_MS);
  response.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read >= MOST_OF_A_BODY) response.destroy();
  });
  response.on('error', () => undefined);
  response.on('close', () => clearTimeout(patience));
}
