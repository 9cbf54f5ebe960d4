import type { CookieOptions } from 'express';

/**
 * `__Host-`: a browser takes and sends it for this very host only, never for its subdomains, and only as a Secure
 * cookie of the whole site; no page of a neighbour can put one in its place.
 */
export const SESSION_COOKIE = '__Host-pisync_session';

/**
 * No script can read it, no request from another site carries it. Browsers keep Secure cookies of plain http for
 * loopback alone (Safari not even there): everywhere else the dashboard needs TLS in front.
 */
export const SESSION_COOKIE_OPTIONS: CookieOptions = {
  path: '/',
  secure: true,
  httpOnly: true,
  sameSite: 'strict',
};

/** @returns undefined without the cookie; '' where there are several, for which one counts nobody could say */
export function sessionCookieOf(header: string | undefined): string | undefined {
  if (!header?.includes(SESSION_COOKIE)) return undefined;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${SESSION_COOKIE}=`))
    .map((pair) => pair.slice(SESSION_COOKIE.length + 1));
  return values.length > 1 ? '' : values[0];
}
