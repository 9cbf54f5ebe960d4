import { STATUS_CODES } from 'node:http';
import type { FieldError } from '../domain/domain-error.js';

/** An error answer: application/problem+json. @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  /** Stable: programs may compare it. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** For people; may change. */
  readonly detail?: string;
  /** Names this request in the service's log. */
  readonly request_id?: string;
  /** What is wrong with which field, by its name on the wire. */
  readonly errors?: readonly FieldError[];
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** The status of each domain error, by its code. What is not here is nobody's fault but ours: 500. */
const STATUS_BY_CODE: Record<string, number> = {
  validation_failed: 400,
  malformed_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  enrolment_over: 403,
  key_not_found: 404,
  session_not_found: 404,
  session_not_needed: 409,
  device_known: 409,
  too_many_requests: 429,
  not_acceptable: 406,
  request_timeout: 408,
  payload_too_large: 413,
  too_many_events: 413,
  unsupported_media_type: 415,
  device_not_found: 404,
  alert_not_found: 404,
  channel_not_found: 404,
  notification_not_found: 404,
  alert_resolved: 409,
  event_conflict: 409,
  log_channel_stays: 409,
  channel_has_no_secret: 409,
  smtp_not_configured: 409,
  secrets_key_missing: 409,
  notification_not_finished: 409,
  channel_disabled: 409,
  overloaded: 503,
  database_unavailable: 503,
  write_conflict: 503,
};

/** The codes of errors that HTTP itself knows, by their status. */
const CODE_BY_STATUS: Record<number, string> = {
  400: 'malformed_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  431: 'headers_too_large',
  500: 'internal_error',
  503: 'overloaded',
};

export function statusOf(code: string): number {
  return STATUS_BY_CODE[code] ?? 500;
}

export function codeOf(status: number): string {
  return CODE_BY_STATUS[status] ?? (status < 500 ? 'malformed_request' : 'internal_error');
}

export function problem(status: number, code: string, more: Partial<Problem> = {}): Problem {
  return {
    type: `urn:pisync:problem:${code.replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...more,
  };
}
