import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { page } from '../http/page.js';
import { RowIdPipe } from '../http/row-id.pipe.js';
import { AlertDto, alertDto } from './alert.dto.js';
import { AlertsQuery } from './alerts.query.dto.js';
import { AlertsService } from './alerts.service.js';

@ApiTags('Alerts')
@Controller('alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  /**
   * Alerts, the newest first.
   *
   * A device has at most one unresolved alert of a kind, however often it goes on failing. The next page is in the
   * `Link` header.
   */
  @Get()
  @ApiOkResponse({ type: [AlertDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: AlertsQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AlertDto[]> {
    const alerts = await this.alerts.list({
      status: query.status,
      kind: query.kind,
      deviceId: query.device_id,
      site: query.site,
      beforeId: query.cursor === undefined ? undefined : decodeCursor<[number]>(query.cursor, 'number')[0],
      limit: query.limit + 1,
    });
    return page(request, response, alerts, query.limit, (last) => encodeCursor([last.id])).map(alertDto);
  }

  /** One alert. */
  @Get(':id')
  @ApiParam({ name: 'id', type: 'integer', example: 1 })
  @ApiOkResponse({ type: AlertDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('id', RowIdPipe) id: number): Promise<AlertDto> {
    return alertDto(await this.alerts.get(id));
  }
}
