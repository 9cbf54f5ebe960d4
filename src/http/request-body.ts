import type { Request, Response } from 'express';
import { isUtf8 } from 'node:buffer';
import { beyondShape } from './json-shape.js';
import { RequestRefused } from './request-refused.js';

/** No body of this API nests more than four deep; what walks a deep one recursively overflows the stack. */
const DEEPEST_BODY = 32;

/**
 * Milliseconds for which the rest of a refused body is read and thrown away. A client that is cut off while
 * it still sends often never reads the answer that says why.
 */
const DISCARD_MS = 2_000;

export interface BodyLimit {
  readonly bytes: number;
  /** From the end of the headers to the last byte of the body. */
  readonly milliseconds: number;
  /** Told of each piece; an error refuses the body, whose pieces are let go. */
  hold(bytes: number): Error | undefined;
  /** Told once, of all the bytes together, when the body has been handed over, refused, or broken off. */
  letGo?(bytes: number): void;
}

export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/**
 * Gathers a request's body. `done` is called once; not at all when the client goes away in the middle, for
 * there is nobody to answer.
 */
export function gatherBody(
  request: Request,
  response: Response,
  limit: BodyLimit,
  done: (refusal: Error | undefined, body: Buffer) => void,
): void {
  let pieces: Buffer[] = [];
  let size = 0;
  const letGo = (): void => {
    clearTimeout(deadline);
    limit.letGo?.(size);
    size = 0;
  };
  const stop = (): void => {
    letGo();
    request.off('data', onData).off('end', onEnd);
    pieces = [];
  };
  const refuse = (refusal: Error): void => {
    stop();
    discardBody(request, response, () => done(refusal, EMPTY));
  };
  const onData = (piece: Buffer): void => {
    size += piece.length;
    pieces.push(piece);
    const refusal = limit.hold(piece.length);
    if (size > limit.bytes) refuse(tooLarge(limit.bytes));
    else if (refusal) refuse(refusal);
  };
  const onEnd = (): void => {
    letGo();
    done(undefined, pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  };
  const deadline = setTimeout(() => {
    stop();
    response.setHeader('Connection', 'close');
    done(tooSlow(limit.milliseconds), EMPTY);
  }, limit.milliseconds);
  request
    .on('data', onData)
    .on('end', onEnd)
    .on('error', () => stop());
}

/** Reads the rest of a refused body and throws it away for a while, then calls `answer`. */
export function discardBody(request: Request, response: Response, answer: () => void): void {
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

/**
 * @param what named in the refusal, like `The body`
 * @param values that it may hold, objects and arrays included; without, somebody else has counted them
 * @returns undefined for an empty text
 * @throws RequestRefused for what is not UTF-8, not JSON, nests without end or holds too much
 */
export function parseJson(what: string, bytes: Buffer, values = Infinity): unknown {
  if (!isUtf8(bytes)) throw new RequestRefused('malformed_request', `${what} is not valid UTF-8.`);
  const text = bytes.toString('utf8', startsWithMark(bytes) ? 3 : 0);
  if (text === '') return undefined;
  const beyond = beyondShape({ levels: DEEPEST_BODY, values }, text);
  if (beyond === 'levels') {
    throw new RequestRefused('malformed_request', `${what} nests deeper than ${DEEPEST_BODY} levels.`);
  }
  if (beyond === 'values') throw tooManyValues(what, values);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's text quotes the body and changes between versions.
    throw new RequestRefused('malformed_request', `${what} is not valid JSON.`);
  }
}

export function tooManyValues(what: string, most: number): RequestRefused {
  return new RequestRefused('payload_too_large', `${what} holds more than ${most} JSON values.`);
}

export function tooLarge(limit: number): RequestRefused {
  const size = limit < MIB ? `${limit / 1_000} kB` : `${limit / MIB} MiB`;
  return new RequestRefused('payload_too_large', `The body is larger than ${size}.`);
}

/** A byte order mark, which RFC 8259 (8.1) lets a parser pass over. */
function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function tooSlow(milliseconds: number): RequestRefused {
  return new RequestRefused(
    'request_timeout',
    `The body was not there within ${milliseconds / 1_000} seconds.`,
  );
}

function nobodyThere(): void {
  // The connection broke while the body was under way; the request ends here.
}

export const MIB = 1_048_576;
const EMPTY = Buffer.alloc(0);
