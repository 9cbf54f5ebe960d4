import { Agent, request as httpRequest } from 'node:http';
import { FuzzAnswer } from './check-answer.js';
import { FuzzedRequest } from './openapi-requests.js';

/** Nothing that a client can send may keep it waiting for longer. */
const HANGS_AFTER_MS = 30_000;

/** @throws Error where no answer comes */
export function sendFuzzed(url: string, agent: Agent, fuzzed: FuzzedRequest): Promise<FuzzAnswer> {
  const { method, path, body } = fuzzed;
  const { hostname: host, port } = new URL(url);
  const headers = body ? { ...fuzzed.headers, 'content-length': body.length } : fuzzed.headers;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ ...{ host, port, agent, method, path, headers }, timeout: HANGS_AFTER_MS });
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${HANGS_AFTER_MS / 1_000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The bytes of a request, as it goes over the wire. */
export function wireBytes({ method, path, headers, body }: FuzzedRequest): Buffer {
  const lines = Object.entries({ host: 'pisync', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  if (body) lines.push(`content-length: ${body.length}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    body ?? Buffer.alloc(0),
  ]);
}
