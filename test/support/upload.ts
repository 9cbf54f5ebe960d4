import { gzipSync } from 'node:zlib';
import { Answer, send } from './device.js';

/** The ways in which the same events can be sent. */
export const UPLOAD_FORMS = ['array', 'envelope', 'ndjson'] as const;
export type UploadForm = (typeof UPLOAD_FORMS)[number];

export interface ItemResult {
  index: number;
  outcome: 'recorded' | 'duplicate' | 'conflict' | 'rejected';
  id?: number;
  errors?: { field: string; message: string }[];
}

export interface UploadResult {
  recorded: number;
  duplicates: number;
  conflicts: number;
  rejected: number;
  results: ItemResult[];
}

export interface UploadOptions {
  form?: UploadForm;
  gzip?: boolean;
  sentAt?: string;
  headers?: Record<string, string>;
}

const CONTENT_TYPES = {
  array: 'application/json',
  envelope: 'application/json',
  ndjson: 'application/x-ndjson',
};

/** Sends events in one request. @param events as they stand on the wire, or texts for what is no JSON (NDJSON) */
export function uploads(
  service: { readonly url: string },
  events: readonly unknown[],
  { form = 'array', gzip = false, sentAt, headers = {} }: UploadOptions = {},
): Promise<Answer<UploadResult>> {
  const text = uploadText(events, form, sentAt);
  return postUpload(service, gzip ? gzipSync(text) : text, {
    'content-type': CONTENT_TYPES[form],
    ...(gzip && { 'content-encoding': 'gzip' }),
    ...headers,
  });
}

/** Sends any body, as it is. */
export function postUpload<Body = UploadResult>(
  service: { readonly url: string },
  body: RequestInit['body'] | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Answer<Body>> {
  return send<Body>(`${service.url}/api/sync-events`, {
    method: 'POST',
    headers,
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  } as RequestInit);
}

export function uploadText(events: readonly unknown[], form: UploadForm, sentAt?: string): string {
  if (form === 'ndjson')
    return events.map((event) => `${typeof event === 'string' ? event : JSON.stringify(event)}\n`).join('');
  return JSON.stringify(form === 'array' ? events : { sent_at: sentAt, events });
}

/** A body that arrives in these pieces, without a length. */
export function inPieces(...pieces: (string | Buffer)[]): ReadableStream<Uint8Array> {
  const left = pieces.map((piece) => Buffer.from(piece));
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
}
