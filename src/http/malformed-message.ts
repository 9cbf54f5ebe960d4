import type { Socket } from 'node:net';
import { codeOf, problem, PROBLEM_CONTENT_TYPE } from './problem.js';

/** What Node's parser calls its refusals, by the status that says the same. */
const STATUS_BY_CODE: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const TITLES: Record<number, string> = {
  400: 'The message is not HTTP.',
  408: 'The message was not there in time.',
  413: 'The extensions of the chunks are too large.',
  431: 'The headers are larger than 16 KiB.',
};

/** Answers what never became a request, as every other error is answered; by itself Node sends a bare status. */
export function refuseMalformedMessage(error: NodeJS.ErrnoException, socket: Socket): void {
  const status = STATUS_BY_CODE[error.code ?? ''] ?? 400;
  // Into the middle of an answer another one would be read as part of it.
  const { _httpMessage: answer } = socket as { _httpMessage?: { headersSent: boolean } };
  if (socket.writable && !answer?.headersSent) {
    const told = problem(status, codeOf(status), { detail: TITLES[status] });
    const body = JSON.stringify(told);
    socket.write(
      `HTTP/1.1 ${status} ${told.title}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
