import type { NextFunction, Request, Response } from 'express';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BytesUnderWay } from './bytes-under-way.js';
import { isJson } from './json-body.middleware.js';
import { parseJsonUpload, UploadForm } from './json-upload.js';
import { discardBody, gatherBody, MIB, tooLarge } from './request-body.js';
import { RequestRefused } from './request-refused.js';

/** On the wire. 1 MiB in five minutes is 28 kbit/s: slower than the slowest line that still syncs. */
const LIMIT = { bytes: MIB, milliseconds: 300_000 };

/** 1,000 events with every text at its longest are 5 MB; one byte of gzip can stand for a thousand. */
const LARGEST_INFLATED = 10 * MIB;

/** Bytes of all uploads under way in this process. Slow lines make uploads last, and each is held until it is whole. */
const MOST_BYTES_UNDER_WAY = 128 * MIB;

const UPLOAD_PATH = /^\/sync-events\/?(?:\?|$)/i;
const NDJSON_TYPE =
  /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const CODINGS = new Map<string, 'gzip' | 'identity'>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['identity', 'identity'],
]);

/** Bytes inflated at a stretch. With Node's own 16 KiB the way to the thread pool and back takes most of the time. */
const INFLATE_STEP = 256 * 1_024;

const inflate = promisify(gunzip);

/**
 * Reads an upload of many events (POST /sync-events) into `request.body`, a `JsonUpload`. It is whole or not
 * there: of an upload that breaks off, whether in the line or in its gzip, nothing goes further.
 *
 * @param now the server's clock
 */
export function uploadBody(now: () => Date) {
  const underWay = new BytesUnderWay(MOST_BYTES_UNDER_WAY, 'Too many uploads are under way.');
  let inflating: Promise<unknown> = Promise.resolve();

  /** One at a time, so that any number of uploads at once inflate to the memory of one. */
  const inflateInTurn = (body: Buffer): Promise<Buffer> => {
    const inflated = inflating.then(() => inflateUpload(body));
    inflating = inflated.catch(() => undefined);
    return inflated;
  };

  return (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST' || !UPLOAD_PATH.test(request.url)) return next();
    const startedAt = now();
    const form = formOf(request.headers['content-type']);
    const coding = CODINGS.get(request.headers['content-encoding']?.toLowerCase() ?? 'identity');
    if (!form || !coding || Number(request.headers['content-length']) > LIMIT.bytes) {
      const refusal = !form ? unknownForm() : !coding ? unknownCoding() : tooLarge(LIMIT.bytes);
      return discardBody(request, response, () => next(refusal));
    }

    let held = 0;
    const hold = (bytes: number): Error | undefined => {
      held += bytes;
      return underWay.hold(bytes);
    };
    // Beyond the last byte, for it still has to be inflated.
    response.once('close', () => underWay.letGo(held));
    const accept = async (body: Buffer): Promise<void> => {
      try {
        const json = coding === 'gzip' ? await inflateInTurn(body) : body;
        request.body = parseJsonUpload(form, json, startedAt);
      } catch (error) {
        return next(error);
      }
      next();
    };
    gatherBody(request, response, { ...LIMIT, hold }, (refusal, body) => {
      if (refusal) next(refusal);
      else void accept(body);
    });
  };
}

/** Stops as soon as more than the limit has come out. @throws RequestRefused */
async function inflateUpload(body: Buffer): Promise<Buffer> {
  try {
    return await inflate(body, { maxOutputLength: LARGEST_INFLATED, chunkSize: INFLATE_STEP });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(LARGEST_INFLATED);
    throw new RequestRefused('malformed_request', 'The body is not gzip, or breaks off.');
  }
}

function formOf(contentType: string | undefined): UploadForm | undefined {
  if (isJson(contentType)) return 'json';
  return contentType !== undefined && NDJSON_TYPE.test(contentType) ? 'ndjson' : undefined;
}

function unknownForm(): RequestRefused {
  return new RequestRefused(
    'unsupported_media_type',
    'Send events as application/json, or one a line as application/x-ndjson, in UTF-8.',
  );
}

function unknownCoding(): RequestRefused {
  return new RequestRefused(
    'unsupported_media_type',
    'Send the body as it is, or with Content-Encoding: gzip.',
    {
      'Accept-Encoding': 'gzip, identity',
    },
  );
}
