import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';

export class SyncHistoryQuery {
  /** How many at most, 1 to 1000. Without it a page of JSON has 50, and CSV and NDJSON give the whole range. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Where to continue: take it from the `Link` header of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  cursor?: string;

  /**
   * Only events from this effective time on.
   * @example 2026-05-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /**
   * Only events before this effective time.
   * @example 2026-06-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  to?: string;

  /** Only failed events, or only successful ones. */
  @IsOptional()
  @IsIn(['true', 'false'])
  failed?: 'true' | 'false';

  /** A page of JSON, or the whole range as CSV or NDJSON; goes before the `Accept` header. */
  @IsOptional()
  @IsIn(['json', 'csv', 'ndjson'])
  format?: 'json' | 'csv' | 'ndjson';
}
