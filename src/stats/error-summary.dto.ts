import { ErrorSummary } from '../database/stats.repository.js';

/** Failures that said the same. */
export class ErrorSummaryDto {
  /**
   * What they said, with ids folded to `<id>` and numbers to `<n>`, 200 characters at most; null of failures without
   * a message.
   * @example upload timed out after <n> s
   */
  message: string | null;

  /** @example 3 */
  failures: number;

  /**
   * Of all failures of the window and site in percent, 0 to 100, two decimals.
   * @example 75
   */
  share: number;

  /**
   * When the newest of them arrived.
   * @example 2026-05-04T10:33:02.113Z
   */
  last_seen: Date;
}

export function errorSummaryDto(summary: ErrorSummary): ErrorSummaryDto {
  return {
    message: summary.pattern,
    failures: summary.failures,
    share: Math.round((summary.failures / summary.allFailures) * 10_000) / 100,
    last_seen: summary.lastSeen,
  };
}
