import type { NextFunction, Request, Response } from 'express';
import { BodyLimit, discardBody, gatherBody, hasBody, MIB, parseJson, tooLarge } from './request-body.js';
import { RequestRefused } from './request-refused.js';

/**
 * One report is under 3 kB; a larger body is a mistake or an attack. 100 kB in half a minute is 27 kbit/s:
 * slower than the slowest line that still syncs.
 */
const LIMIT: BodyLimit = { bytes: 100_000, milliseconds: 30_000 };

/** People paste; a field that is far too long is theirs to be told of by its name, as any other wrong one. */
const LIMIT_FOR_PEOPLE: BodyLimit = { bytes: 2 * MIB, milliseconds: 30_000 };
const FOR_PEOPLE = /^\/channels(?:\/|$)/i;

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const METHODS_WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads a JSON body into `request.body`, which stays undefined without one. Every event passes here: beside
 * Express's own parser this one knows a single type, character set and coding, which makes it cheaper, and
 * refuses what that one would let pass: bytes that are not UTF-8, and nesting without end.
 */
export function jsonBody(request: Request, response: Response, next: NextFunction): void {
  const hasBeenRead = request.body !== undefined;
  if (hasBeenRead || !METHODS_WITH_BODY.has(request.method) || !hasBody(request)) return next();
  const limit = FOR_PEOPLE.test(request.path) ? LIMIT_FOR_PEOPLE : LIMIT;
  const refusal = refusalOf(request.headers, limit);
  if (refusal) return discardBody(request, response, () => next(refusal));
  gatherBody(request, response, limit, (refused, body) => {
    if (refused) return next(refused);
    try {
      request.body = parseJson('The body', body);
    } catch (error) {
      return next(error);
    }
    next();
  });
}

export function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && JSON_TYPE.test(contentType));
}

function refusalOf(headers: Request['headers'], limit: BodyLimit): RequestRefused | undefined {
  if (!isJson(headers['content-type'])) {
    return new RequestRefused(
      'unsupported_media_type',
      'Send JSON in UTF-8, as Content-Type: application/json.',
    );
  }
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    return new RequestRefused('unsupported_media_type', 'Send the body without a Content-Encoding.', {
      'Accept-Encoding': 'identity',
    });
  }
  return Number(headers['content-length']) > limit.bytes ? tooLarge(limit.bytes) : undefined;
}
