import { IsIn, IsOptional } from 'class-validator';
import { WINDOW_LENGTHS, WindowRequest } from '../domain/time-window.js';
import { IsTimestamp, parseQueryTimestamp } from './is-timestamp.decorator.js';

/** A span of time: the last hours or days, or from one time to another. */
export class WindowQuery {
  /** The last 24 hours, 7 days or 30 days; instead of `from` and `to`. */
  @IsOptional()
  @IsIn(WINDOW_LENGTHS)
  window?: '24h' | '7d' | '30d';

  /**
   * From this time on.
   * @example 2026-05-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /**
   * Before this time.
   * @example 2026-06-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

export function windowRequest(query: WindowQuery): WindowRequest {
  return { window: query.window, from: parseQueryTimestamp(query.from), to: parseQueryTimestamp(query.to) };
}
