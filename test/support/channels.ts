import { Answer, send } from './device.js';

export type Wire = Record<string, unknown>;

/** An operator's request with a JSON body. */
export function asks<Body = Wire>(
  service: { readonly url: string },
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  return send<Body>(`${service.url}/api${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Makes a channel; what is left out of a webhook gets an ordinary value. */
export async function aChannel(service: { readonly url: string }, channel: Wire = {}): Promise<Wire> {
  const address = channel.kind === 'email' ? {} : { url: 'https://hooks.example.org/pisync' };
  const wanted = { kind: 'webhook', name: 'Field team', ...address, ...channel };
  const { status, body } = await asks(service, 'POST', '/channels', wanted);
  if (status !== 201) throw new Error(`The channel was not made: ${JSON.stringify(body)}`);
  return body;
}
