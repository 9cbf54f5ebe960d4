import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { PageQuery } from '../http/page.query.dto.js';

export class DevicesQuery extends PageQuery {
  /**
   * Only devices of this site.
   * @example Kibera Primary
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  site?: string;

  /**
   * Only devices with this label.
   * @example solar
   */
  @IsOptional()
  @IsString()
  @MaxLength(50)
  @IsPlainText()
  label?: string;

  /** Only devices whose failure streak is, or is not, long enough for an alert. */
  @IsOptional()
  @IsIn(['true', 'false'])
  failing?: 'true' | 'false';
}

export class RepeatedFailuresQuery extends PageQuery {
  /**
   * Only devices with at least this many failed events, 1 to 2147483647. The default, 4, is "more than three".
   * @example 4
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  threshold: number = 4;
}
