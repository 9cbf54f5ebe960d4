import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsEnum, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { AlertKind, AlertStatus } from '../generated/prisma/enums.js';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';
import { PageQuery } from '../http/page.query.dto.js';

export class AlertsQuery extends PageQuery {
  /** Only alerts of this status; unresolved are those that are `open` and those that are `acknowledged`. */
  // Left to the swagger plugin, the order of these words depends on which file the compiler reads first.
  @ApiPropertyOptional({ enum: AlertStatus })
  @IsOptional()
  @IsEnum(AlertStatus)
  status?: AlertStatus;

  /** Only alerts of this kind. */
  @ApiPropertyOptional({ enum: AlertKind })
  @IsOptional()
  @IsEnum(AlertKind)
  kind?: AlertKind;

  /**
   * Only alerts of this device.
   * @example PIBOX-7
   */
  @IsOptional()
  @Matches(DEVICE_ID, { message: DEVICE_ID_RULE })
  device_id?: string;

  /**
   * Only alerts of devices that stand at this site now.
   * @example Kibera Primary
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  site?: string;

  /**
   * Only alerts opened from this time on.
   * @example 2026-05-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /**
   * Only alerts opened before this time.
   * @example 2026-06-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}
