import { openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LOG_LIMIT_BYTES = 10_000_000;

/** One previous log is kept, so that the log of a machine that runs for years stays small. */
export function openLog(home: string): number {
  const file = logFile(home);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

export function lastLines(home: string): string {
  const lines = readFileSync(logFile(home), 'utf8').trimEnd().split('\n').slice(-8);
  return [...lines, `(from ${logFile(home)})`].join('\n');
}

function logFile(home: string): string {
  return join(home, 'postgres.log');
}
