import type { Request } from 'express';
import { Forbidden } from '../../domain/domain-error.js';

/** What reads only. Nothing behind such a method changes anything, and no other origin can see the answer. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A browser sends cookies by itself, whoever wrote the page. It also says which page that was, in headers that no
 * script can set: `Sec-Fetch-Site` on https and on this machine, `Origin` in older ones and elsewhere. A request
 * that says neither comes from no browser, and has no use for a cookie.
 *
 * @param publicOrigin where PUBLIC_URL says that people reach the service
 * @throws Forbidden for a request that changes something, unless a page of this service sent it
 */
export function demandOwnPage(request: Request, publicOrigin: string | undefined): void {
  if (SAFE_METHODS.has(request.method) || isFromOwnPage(request, publicOrigin)) return;
  throw new Forbidden(
    'With a session this is for the pages of this service only; from elsewhere, send a key.',
  );
}

/**
 * Where no cookie is needed, programs need say nothing of a page: only what a browser says of another one's is
 * refused. Else any page could log a browser in, or use a laptop's service that asks nobody for a key.
 *
 * @param friends origins of other pages that may (CORS_ORIGINS)
 * @throws Forbidden for a request that changes something and comes from another page
 */
export function refuseOtherPages(
  request: Request,
  publicOrigin: string | undefined,
  friends: readonly string[],
): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if ((origin === undefined && site === undefined) || SAFE_METHODS.has(request.method)) return;
  if (isFromOwnPage(request, publicOrigin) || friends.includes(origin ?? '')) return;
  throw new Forbidden('This is not for the pages of other sites.');
}

function isFromOwnPage(request: Request, publicOrigin: string | undefined): boolean {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined) return false;
  return origin === publicOrigin || origin === `${request.protocol}://${host}`;
}
