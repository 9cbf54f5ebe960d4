import { ValidationFailed } from '../domain/domain-error.js';
import { parseJson, tooManyValues } from './request-body.js';
import { RequestRefused } from './request-refused.js';

/** What a device gathers in three weeks of hourly syncs, twice over; 1,000 reports are about 200 kB. */
export const MOST_ITEMS = 1_000;

/**
 * JSON values in an upload, arrays and objects included: room for 200 in each event. 10 MiB of `{},{},` would
 * become millions of objects, and keep everybody else waiting while they are made.
 */
const MOST_VALUES = 200_000;

const LINE_FEED = 0x0a;

export type UploadForm = 'json' | 'ndjson';

/** Events that came in one request, as parsed JSON; nothing in them has been checked. */
export class JsonUpload {
  constructor(
    /** What stands in the place of an event; an `UnreadableItem` for a line that is no JSON. */
    readonly items: readonly unknown[],
    /** `sent_at` beside the events, as it came; undefined where there is none. */
    readonly sentAt: unknown,
    /** The server's time when the request began. A long body arrives later than the time it was stamped with. */
    readonly startedAt: Date,
  ) {}
}

/** One item could not be read; the others are not concerned. */
export class UnreadableItem {
  constructor(readonly problem: string) {}
}

/** @throws RequestRefused or ValidationFailed when the upload as a whole cannot be read, or holds too much */
export function parseJsonUpload(form: UploadForm, body: Buffer, startedAt: Date): JsonUpload {
  if (body.length === 0) throw new RequestRefused('malformed_request', 'The body is empty.');
  if (holdsMoreValuesThan(MOST_VALUES, body)) {
    throw tooManyValues('The body', MOST_VALUES);
  }
  return form === 'ndjson'
    ? new JsonUpload(parseLines(body), undefined, startedAt)
    : parseDocument(body, startedAt);
}

/** `[event, ...]`, or `{"sent_at": ..., "events": [event, ...]}`. */
function parseDocument(body: Buffer, startedAt: Date): JsonUpload {
  const document = parseJson('The body', body);
  const fields: Record<string, unknown> = Array.isArray(document) ? { events: document } : Object(document);
  const own = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);
  const events = own('events');
  if (!Array.isArray(events)) {
    const message = 'must be an array of sync events; or send the array alone, or one event a line (NDJSON)';
    throw new ValidationFailed([{ field: 'events', message }]);
  }
  if (events.length > MOST_ITEMS) throw tooManyEvents(`${events.length}`);
  return new JsonUpload(events, own('sent_at') ?? own('sentAt'), startedAt);
}

/** One JSON value a line; blank lines are passed over. Lines are cut as bytes, so that bad UTF-8 spoils one alone. */
function parseLines(body: Buffer): unknown[] {
  const items: unknown[] = [];
  for (let start = 0; start < body.length;) {
    const lineFeed = body.indexOf(LINE_FEED, start);
    const end = lineFeed === -1 ? body.length : lineFeed;
    const line = body.subarray(start, end);
    start = end + 1;
    if (isBlank(line)) continue;
    if (items.length === MOST_ITEMS) throw tooManyEvents(`more than ${MOST_ITEMS}`);
    items.push(parseLine(line));
  }
  return items;
}

function parseLine(line: Buffer): unknown {
  try {
    return parseJson('The line', line);
  } catch (error) {
    if (error instanceof RequestRefused) return new UnreadableItem(error.message);
    throw error;
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function tooManyEvents(count: string): RequestRefused {
  const message = `The upload holds ${count} events; at most ${MOST_ITEMS} fit in one. Send several.`;
  return new RequestRefused('too_many_events', message);
}

/** Counts what opens or separates values, outside of strings; a line's end ends a string, for no string has one. */
function holdsMoreValuesThan(most: number, json: Buffer): boolean {
  // A value and its comma are two bytes at least.
  if (json.length < 2 * most) return false;
  let values = 0;
  let isInString = false;
  for (let place = 0; place < json.length; place += 1) {
    const byte = json[place];
    if (isInString) {
      if (byte === BACKSLASH) place += 1;
      else if (byte === QUOTE || byte === LINE_FEED) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === COMMA || byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values += 1;
      if (values > most) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
