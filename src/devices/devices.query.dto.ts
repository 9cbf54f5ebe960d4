import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
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
