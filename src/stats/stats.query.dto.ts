import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';
import { WindowQuery } from '../http/window.query.dto.js';

export class ActivityQuery {
  /** Hours, or days in UTC. */
  @IsIn(['hour', 'day'])
  bucket: 'hour' | 'day' = 'hour';

  /**
   * The first bucket is the one of this time; without it 24 hours or 30 days before the last.
   * @example 2026-05-04T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /**
   * The last bucket begins before this time; without it the one under way.
   * @example 2026-05-05T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

export class ErrorsQuery extends WindowQuery {
  /**
   * Only failures of devices that stood at this site when they failed.
   * @example Kibera Primary
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  site?: string;

  /** How many at most, 1 to 1000. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 20;
}
