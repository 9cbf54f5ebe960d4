/**
 * One sync attempt as a device reports it. Also accepted in camelCase (`deviceId`, `totalFilesSynced`,
 * `totalErrors`, `internetSpeed`, `eventId`, `errorMessage`, `sentAt`); unknown keys are ignored.
 *
 * It documents what `parseSyncEventReport` checks.
 */
export class SyncEventRequest {
  /**
   * The device's name: 1 to 255 of `A-Z a-z 0-9 . _ : @ -`, the first a letter or digit.
   * @example PIBOX-7
   */
  device_id: string;

  /**
   * When the device tried to sync, by its own clock: RFC 3339 with a zone, `T` or a space between date
   * and time. A device without a clock leaves it out; a wrong time is recorded and judged, never refused.
   * @example 2026-05-04T10:30:00Z
   */
  timestamp?: string | null;

  /**
   * Files that this attempt transferred.
   * @example 0
   */
  total_files_synced: number;

  /**
   * Errors in this attempt; from one on, the attempt counts as failed.
   * @example 1
   */
  total_errors: number;

  /**
   * Measured speed of the line in Mbps.
   * @example 1.5
   */
  internet_speed?: number | null;

  /**
   * The device's own name for this event, unique for the device: repeating it is harmless. Without it every post is a
   * new event.
   * @example boot-41:17
   */
  event_id?: string | null;

  /**
   * Why it failed, as one line of text.
   * @example upload timed out
   */
  error_message?: string | null;

  /**
   * The device's clock while sending. From two minutes off on, `timestamp` is shifted by the difference.
   * @example 2026-05-04T10:30:02Z
   */
  sent_at?: string | null;
}
