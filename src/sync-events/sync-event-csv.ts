import { SyncEventDto } from './sync-event.dto.js';

const COLUMNS: readonly (keyof SyncEventDto)[] = [
  'id',
  'device_id',
  'event_id',
  'timestamp',
  'received_at',
  'effective_at',
  'clock',
  'failed',
  'total_files_synced',
  'total_errors',
  'internet_speed',
  'error_message',
];

/** RFC 4180 ends lines so, whatever the system. */
const LINE_END = '\r\n';

/** What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), full-width forms included. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const NEEDS_QUOTES = /[",\r\n]/;

export const CSV_HEADER = COLUMNS.join(',') + LINE_END;

/**
 * Sync events as lines of CSV (RFC 4180), without the header. A text that a spreadsheet would run as a formula gets an
 * apostrophe in front; numbers stay numbers; what is null is empty.
 *
 * Written here because a library brings types, streams and options for data of any shape; of these twelve
 * columns three are texts of the device's choice, and this is all they need.
 */
export function csvLines(events: readonly SyncEventDto[]): string {
  return events.map((event) => COLUMNS.map((column) => cell(event[column])).join(',') + LINE_END).join('');
}

function cell(value: SyncEventDto[keyof SyncEventDto]): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
