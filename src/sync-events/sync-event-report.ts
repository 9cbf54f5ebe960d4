import { FieldError, ValidationFailed } from '../domain/domain-error.js';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { isPlainText } from '../domain/plain-text.js';
import { parseTimestamp } from '../domain/timestamp.js';

/** What a device reported of one sync attempt, checked, in the service's own words. */
export interface SyncEventReport {
  readonly deviceId: string;
  readonly eventId: string | null;
  readonly reportedAt: Date | null;
  readonly sentAt: Date | null;
  readonly totalFilesSynced: number;
  readonly totalErrors: number;
  /** Mbps. */
  readonly internetSpeed: number | null;
  readonly errorMessage: string | null;
}

export const LARGEST_COUNT = 2_147_483_647;
export const FASTEST_MBPS = 100_000;
export const LONGEST_EVENT_ID = 128;
export const LONGEST_ERROR_MESSAGE = 1_000;

/**
 * Reads one reported event from parsed JSON, in either spelling (`device_id`, `deviceId`), ignoring
 * unknown keys: old servers meet new firmware.
 *
 * Written by hand because every event passes here: class-validator, which checks all other input,
 * costs a multiple of the rest of the request (docs/decisions, `npm run bench:ingest`). The limits are
 * the ones the OpenAPI document states in sync-event-request.dto.ts; a test holds the two together.
 *
 * @throws ValidationFailed naming every broken field in its wire name
 */
export function parseSyncEventReport(body: unknown): SyncEventReport {
  const read = readSyncEventReport(body);
  if (isRefused(read)) throw new ValidationFailed(read.errors);
  return read;
}

/** What is wrong with an event that cannot be taken. */
export interface RefusedReport {
  readonly errors: readonly FieldError[];
}

export function isRefused(read: object): read is RefusedReport {
  return 'errors' in read;
}

/** The same for one of many: an exception for each broken event would cost more than all the others. */
export function readSyncEventReport(body: unknown): SyncEventReport | RefusedReport {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { errors: [{ field: '', message: 'must be a JSON object' }] };
  }
  const fields = new Fields(body as Record<string, unknown>);
  const report = {
    deviceId: fields.deviceId(),
    eventId: fields.text('event_id', 'eventId', 1, LONGEST_EVENT_ID),
    reportedAt: fields.time('timestamp', 'timestamp'),
    sentAt: fields.time('sent_at', 'sentAt'),
    totalFilesSynced: fields.count('total_files_synced', 'totalFilesSynced'),
    totalErrors: fields.count('total_errors', 'totalErrors'),
    internetSpeed: fields.speed(),
    errorMessage: fields.text('error_message', 'errorMessage', 0, LONGEST_ERROR_MESSAGE),
  };
  return fields.errors.length > 0 ? { errors: fields.errors } : report;
}

/**
 * Reads the `sent_at` beside the events of an upload.
 *
 * @throws ValidationFailed
 */
export function parseSentAt(value: unknown): Date | null {
  const fields = new Fields({ sent_at: value });
  const sentAt = fields.time('sent_at', 'sentAt');
  if (fields.errors.length > 0) throw new ValidationFailed(fields.errors);
  return sentAt;
}

/** Reads fields one by one and gathers what is wrong with them. */
class Fields {
  readonly errors: FieldError[] = [];

  constructor(private readonly body: Record<string, unknown>) {}

  deviceId(): string {
    const value = this.read('device_id', 'deviceId');
    if (typeof value === 'string' && DEVICE_ID.test(value)) return value;
    return this.refuse('device_id', value === undefined ? 'is required' : DEVICE_ID_RULE, '');
  }

  count(name: string, alias: string): number {
    const value = this.read(name, alias);
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_COUNT) {
      return withoutSign(value as number);
    }
    const problem = value === undefined ? 'is required' : `must be an integer from 0 to ${LARGEST_COUNT}`;
    return this.refuse(name, problem, 0);
  }

  speed(): number | null {
    const value = this.read('internet_speed', 'internetSpeed');
    if (value === undefined || value === null) return null;
    if (typeof value === 'number' && value >= 0 && value <= FASTEST_MBPS) return withoutSign(value);
    return this.refuse('internet_speed', `must be a number from 0 to ${FASTEST_MBPS} (Mbps), or null`, null);
  }

  time(name: string, alias: string): Date | null {
    const value = this.read(name, alias);
    if (value === undefined || value === null) return null;
    const time = typeof value === 'string' ? parseTimestamp(value) : undefined;
    return time ?? this.refuse(name, 'must be an RFC 3339 time with a zone, like 2026-05-04T10:30:00Z', null);
  }

  text(name: string, alias: string, shortest: number, longest: number): string | null {
    const value = this.read(name, alias);
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string' || value.length < shortest || isLongerThan(value, longest)) {
      return this.refuse(name, `must be a text of ${shortest} to ${longest} characters`, null);
    }
    if (!isPlainText(value)) {
      return this.refuse(name, 'must be well-formed Unicode without control characters', null);
    }
    return value;
  }

  private read(name: string, alias: string): unknown {
    return this.own(name) ?? this.own(alias);
  }

  /** Only what the body itself carries, never what it inherits. */
  private own(name: string): unknown {
    return Object.hasOwn(this.body, name) ? this.body[name] : undefined;
  }

  private refuse<T>(field: string, message: string, instead: T): T {
    this.errors.push({ field, message });
    return instead;
  }
}

/** -0 becomes 0: JSON has both, and the same event must compare equal to itself. */
function withoutSign(value: number): number {
  return value + 0;
}

/** Counts characters as Unicode does: an emoji is one, not two. */
function isLongerThan(text: string, longest: number): boolean {
  return text.length > longest && [...text.slice(0, 2 * longest + 1)].length > longest;
}
