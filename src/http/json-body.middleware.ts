import type { NextFunction, Request, Response } from 'express';
import { isUtf8 } from 'node:buffer';
import { isNestedDeeperThan } from './json-depth.js';
import { RequestRefused } from './request-refused.js';

/** Bytes. One report is under 3 kB; a larger body is a mistake or an attack. */
export const LARGEST_BODY = 100_000;

/** No body of this API nests more than four deep; what walks a deep one recursively overflows the stack. */
const DEEPEST_BODY = 32;

/**
 * Milliseconds for which the rest of a refused body is read and thrown away. A client that is cut off while
 * it still sends often never reads the answer that says why.
 */
const DISCARD_MS = 2_000;

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const METHODS_WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads a JSON body into `request.body`, which stays undefined without one. Every event passes here: beside
 * Express's own parser this one knows a single type, character set and coding, which makes it cheaper, and
 * refuses what that one would let pass: bytes that are not UTF-8, and nesting without end.
 */
export function jsonBody(request: Request, response: Response, next: NextFunction): void {
  const { headers } = request;
  const isEmpty = headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0);
  if (isEmpty || !METHODS_WITH_BODY.has(request.method)) return next();
  const refusal = refusalOf(headers);
  if (refusal) return discard(request, response, () => next(refusal));
  gather(request, response, next);
}

function refusalOf(headers: Request['headers']): RequestRefused | undefined {
  const type = headers['content-type'];
  if (type !== 'application/json' && !(type !== undefined && JSON_TYPE.test(type))) {
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
  return Number(headers['content-length']) > LARGEST_BODY ? tooLarge() : undefined;
}

/** A client that goes away in the middle is not answered: there is nobody to answer. */
function gather(request: Request, response: Response, next: NextFunction): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const onData = (piece: Buffer): void => {
    size += piece.length;
    pieces.push(piece);
    if (size > LARGEST_BODY) {
      request.off('data', onData).off('end', onEnd);
      discard(request, response, () => next(tooLarge()));
    }
  };
  const onEnd = (): void => {
    try {
      request.body = parse(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    } catch (error) {
      return next(error);
    }
    next();
  };
  request.on('data', onData).on('end', onEnd).on('error', nobodyThere);
}

/** @throws RequestRefused */
function parse(body: Buffer): unknown {
  if (!isUtf8(body)) throw new RequestRefused('malformed_request', 'The body is not valid UTF-8.');
  const text = body.toString('utf8', startsWithMark(body) ? 3 : 0);
  if (text === '') return undefined;
  if (isNestedDeeperThan(DEEPEST_BODY, text)) {
    throw new RequestRefused('malformed_request', `The body nests deeper than ${DEEPEST_BODY} levels.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's text quotes the body and changes between versions.
    throw new RequestRefused('malformed_request', 'The body is not valid JSON.');
  }
}

/** A byte order mark, which RFC 8259 (8.1) lets a parser pass over. */
function startsWithMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

function tooLarge(): RequestRefused {
  return new RequestRefused('payload_too_large', `The body is larger than ${LARGEST_BODY / 1_000} kB.`);
}

function discard(request: Request, response: Response, answer: () => void): void {
  const finish = (): void => {
    clearTimeout(timer);
    request.off('end', finish);
    if (!request.complete) response.setHeader('Connection', 'close');
    answer();
  };
  const timer = setTimeout(finish, DISCARD_MS);
  request
    .on('end', finish)
    .on('error', nobodyThere)
    .on('close', () => clearTimeout(timer))
    .resume();
}

function nobodyThere(): void {
  // The connection broke while the body was under way; the request ends here.
}
