import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEnum, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { NotificationStatus } from '../generated/prisma/enums.js';
import { PageQuery } from '../http/page.query.dto.js';
import { wholeNumber } from '../http/whole-number.js';

export class NotificationsQuery extends PageQuery {
  /** Only notifications of this status. */
  @ApiPropertyOptional({ enum: NotificationStatus })
  @IsOptional()
  @IsEnum(NotificationStatus)
  status?: NotificationStatus;

  /** Only what was owed to this channel. */
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  channel_id?: number;

  /** Only what was owed of this alert. */
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  alert_id?: number;

  /**
   * Only what was owed of this device's alerts.
   * @example PIBOX-7
   */
  @IsOptional()
  @Matches(DEVICE_ID, { message: DEVICE_ID_RULE })
  device_id?: string;

  /** Only what this digest, or this opening of an alert that had passed, tells, too. */
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  merged_into?: number;
}
