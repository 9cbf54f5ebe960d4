import { IsIn, IsOptional } from 'class-validator';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';
import { PageQuery } from '../http/page.query.dto.js';

export class SyncHistoryQuery extends PageQuery {
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
}
