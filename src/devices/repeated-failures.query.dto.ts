import { IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { PageQuery } from '../http/page.query.dto.js';
import { WindowQuery } from '../http/window.query.dto.js';

export class RepeatedFailuresQuery extends IntersectionType(PageQuery, WindowQuery) {
  /**
   * Only devices with at least this many failed events, 1 to 2147483647. The default, 4, is "more than three".
   * @example 4
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  threshold: number = 4;

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
}
