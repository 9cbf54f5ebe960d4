import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Audited } from '../access/audit/audited.decorator.js';
import { Roles } from '../access/roles.decorator.js';
import { ApiConflict } from '../http/api-conflict.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { page } from '../http/page.js';
import { RowIdPipe } from '../http/row-id.pipe.js';
import { NotificationDto, notificationDto } from './notification.dto.js';
import { ChannelDisabled, NotificationNotFinished } from './notification.errors.js';
import { NotificationsQuery } from './notifications.query.dto.js';
import { NotificationsService } from './notifications.service.js';

@ApiTags('Notifications')
@Roles('viewer')
@Controller('notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  /**
   * What was owed to the channels and what became of it, the newest first.
   *
   * `status=dead` lists what never arrived. The next page is in the `Link` header.
   */
  @Get()
  @ApiOkResponse({ type: [NotificationDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: NotificationsQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NotificationDto[]> {
    const notifications = await this.notifications.list({
      status: query.status,
      channelId: query.channel_id,
      alertId: query.alert_id,
      deviceId: query.device_id,
      mergedInto: query.merged_into,
      beforeId: query.cursor === undefined ? undefined : decodeCursor<[number]>(query.cursor, 'number')[0],
      limit: query.limit + 1,
    });
    return page(request, response, notifications, query.limit, (last) => encodeCursor([last.id])).map(
      notificationDto,
    );
  }

  /** One notification. */
  @Get(':id')
  @ApiParam({ name: 'id', type: 'integer', example: 17 })
  @ApiOkResponse({ type: NotificationDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('id', RowIdPipe) id: number): Promise<NotificationDto> {
    return notificationDto(await this.notifications.get(id));
  }

  /**
   * Send a dead or delivered notification again.
   *
   * It keeps its `message_id` and its content, so that a receiver knows a repetition; it is sent within seconds, and
   * tried as often as a new one. A second replay while it is pending changes nothing and is answered with 409.
   */
  @Post(':id/replay')
  @Audited('notification.replayed')
  @Roles('operator')
  @HttpCode(202)
  @ApiParam({ name: 'id', type: 'integer', example: 17 })
  @ApiAcceptedResponse({ type: NotificationDto, description: 'It is pending again.' })
  @ApiProblems(400, 404, 429, 503)
  @ApiConflict('There is nothing to send again, or nowhere to send it.', {
    notification_not_finished: new NotificationNotFinished(17, 'pending').message,
    channel_disabled: new ChannelDisabled(2).message,
  })
  async replay(@Param('id', RowIdPipe) id: number): Promise<NotificationDto> {
    return notificationDto(await this.notifications.replay(id));
  }
}
