import { ApiProperty } from '@nestjs/swagger';
import {
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { DEVICE_ID } from '../domain/device-id.js';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';
import { FASTEST_MBPS, LARGEST_COUNT, LONGEST_ERROR_MESSAGE, LONGEST_EVENT_ID } from './sync-event-report.js';

/**
 * One sync attempt as a device reports it. Also accepted in camelCase (`deviceId`, `totalFilesSynced`,
 * `totalErrors`, `internetSpeed`, `eventId`, `errorMessage`, `sentAt`); unknown keys are ignored. All texts are
 * well-formed Unicode without control characters.
 *
 * It documents what `parseSyncEventReport` checks; sync-event-request.spec.ts holds the two together.
 */
export class SyncEventRequest {
  /**
   * The device's name: 1 to 255 of `A-Z a-z 0-9 . _ : @ -`, the first a letter or digit.
   * @example PIBOX-7
   */
  @ApiProperty({ pattern: DEVICE_ID.source })
  @Matches(DEVICE_ID)
  device_id: string;

  /**
   * When the device tried to sync, by its own clock: RFC 3339 with a zone, `T` or a space between date
   * and time. A device without a clock leaves it out; a wrong time is recorded and judged, never refused.
   * @example 2026-05-04T10:30:00Z
   */
  @IsOptional()
  @IsTimestamp()
  timestamp?: string | null;

  /**
   * Files that this attempt transferred.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  @IsInt()
  @Min(0)
  @Max(LARGEST_COUNT)
  total_files_synced: number;

  /**
   * Errors in this attempt; from one on, the attempt counts as failed.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  @IsInt()
  @Min(0)
  @Max(LARGEST_COUNT)
  total_errors: number;

  /**
   * Measured speed of the line in Mbps.
   * @example 1.5
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(FASTEST_MBPS)
  internet_speed?: number | null;

  /**
   * The device's own name for this event, unique for the device: repeating it is harmless. Without it every post is a
   * new event.
   * @example boot-41:17
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(LONGEST_EVENT_ID)
  event_id?: string | null;

  /**
   * Why it failed, as one line of text.
   * @example upload timed out
   */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_ERROR_MESSAGE)
  error_message?: string | null;

  /**
   * The device's clock while sending. From two minutes off on, `timestamp` is shifted by the difference.
   * @example 2026-05-04T10:30:02Z
   */
  @IsOptional()
  @IsTimestamp()
  sent_at?: string | null;
}
