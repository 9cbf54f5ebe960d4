import type { NextFunction, Request, Response } from 'express';
import { BytesUnderWay } from './bytes-under-way.js';
import { BodyLimit, discardBody, gatherBody, hasBody, MIB, parseJson, tooLarge } from './request-body.js';
import { RequestRefused } from './request-refused.js';

/** One report is under 3 kB; a larger body is a mistake or an attack. */
const LARGEST_BODY = 100_000;

/** Fields of a report, labels of a device and whatever new firmware adds, many times over; 100 kB hold 25,000. */
const MOST_VALUES = 1_000;

/** A thousand of the largest, or all that 20,000 connections of devices have under way at a time. */
const MOST_BYTES_UNDER_WAY = 64 * MIB;

/** People paste; a field that is far too long is theirs to be told of by its name, as any other wrong one. */
const LARGEST_OF_PEOPLE = 2 * MIB;
const FOR_PEOPLE = /^\/channels(?:[/?]|$)/i;

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const METHODS_WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads a JSON body into `request.body`, which stays undefined without one. Every event passes here: beside
 * Express's own parser this one knows a single type, character set and coding, which makes it cheaper, and
 * refuses what that one would let pass: bytes that are not UTF-8, nesting and values without end.
 *
 * @param milliseconds from the end of the headers to the last byte of the body
 */
export function jsonBody(milliseconds: number) {
  const underWay = new BytesUnderWay(MOST_BYTES_UNDER_WAY, 'Too many bodies are under way.');
  const limit: BodyLimit = {
    ...{ bytes: LARGEST_BODY, milliseconds },
    hold: (bytes) => underWay.hold(bytes),
    letGo: (bytes) => underWay.letGo(bytes),
  };
  const limitForPeople = { ...limit, bytes: LARGEST_OF_PEOPLE };

  return (request: Request, response: Response, next: NextFunction): void => {
    const hasBeenRead = request.body !== undefined;
    if (hasBeenRead || !METHODS_WITH_BODY.has(request.method) || !hasBody(request)) return next();
    const allowed = FOR_PEOPLE.test(request.url) ? limitForPeople : limit;
    const refusal = refusalOf(request.headers, allowed.bytes);
    if (refusal) return discardBody(request, response, () => next(refusal));
    gatherBody(request, response, allowed, (refused, body) => {
      if (refused) return next(refused);
      try {
        request.body = parseJson('The body', body, MOST_VALUES);
      } catch (error) {
        return next(error);
      }
      next();
    });
  };
}

export function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && JSON_TYPE.test(contentType));
}

function refusalOf(headers: Request['headers'], largest: number): RequestRefused | undefined {
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
  return Number(headers['content-length']) > largest ? tooLarge(largest) : undefined;
}
