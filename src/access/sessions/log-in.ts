import type { Request } from 'express';

/** Where a key becomes a session. */
export const SESSION_PATH = 'session';

/** Below the prefix, which is off by then. */
const PATH = new RegExp(`^/${SESSION_PATH}/?$`, 'i');

/** A log-in form's key would be far longer than any key beyond this. */
const LONGEST_BODY_BYTES = 1_000;

/**
 * Whether a request brings its key in its body: the only one that is not asked for its key before its body is
 * read. It has to say how long that is, so that no stranger has more than this parsed.
 */
export function isLogIn(request: Request): boolean {
  const { authorization, 'x-api-key': apiKey, 'content-length': length } = request.headers;
  return (
    request.method === 'POST' &&
    authorization === undefined &&
    apiKey === undefined &&
    Number(length) <= LONGEST_BODY_BYTES &&
    PATH.test(request.path)
  );
}

/** The key in the body of a log-in; undefined where there is none. */
export function keyOfLogIn(request: Request): string | undefined {
  const key = isLogIn(request) ? (request.body as { key?: unknown } | null | undefined)?.key : undefined;
  return typeof key === 'string' ? key : undefined;
}
