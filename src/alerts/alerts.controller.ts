import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Audited } from '../access/audit/audited.decorator.js';
import { principalOf } from '../access/principal.js';
import { Roles } from '../access/roles.decorator.js';
import { ValidationFailed } from '../domain/domain-error.js';
import { ApiConflict } from '../http/api-conflict.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { parseQueryTimestamp } from '../http/is-timestamp.decorator.js';
import { page } from '../http/page.js';
import { RowIdPipe } from '../http/row-id.pipe.js';
import { AcknowledgeAlertRequest } from './acknowledge-alert.dto.js';
import { AlertDetailsDto, alertDetailsDto } from './alert-details.dto.js';
import { AlertDto, alertDto } from './alert.dto.js';
import { AlertsQuery } from './alerts.query.dto.js';
import { AlertsService } from './alerts.service.js';

const RESOLVED = { alert_resolved: 'Alert 1 is resolved.' };

@ApiTags('Alerts')
@Roles('viewer')
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
      openedFrom: parseQueryTimestamp(query.from),
      openedBefore: parseQueryTimestamp(query.to),
      beforeId: query.cursor === undefined ? undefined : decodeCursor<[number]>(query.cursor, 'number')[0],
      limit: query.limit + 1,
    });
    return page(request, response, alerts, query.limit, (last) => encodeCursor([last.id])).map(alertDto);
  }

  /** One alert, with what happened to it and whom it was told. */
  @Get(':id')
  @ApiParam({ name: 'id', type: 'integer', example: 1 })
  @ApiOkResponse({ type: AlertDetailsDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('id', RowIdPipe) id: number): Promise<AlertDetailsDto> {
    return alertDetailsDto(await this.alerts.details(id));
  }

  /**
   * Say that somebody looks after it: it sends no more reminders.
   *
   * The alert is resolved by its device alone, acknowledged or not. An acknowledgement is repeated without harm: the
   * first one stands, with its note; to change it, withdraw it.
   */
  @Post(':id/acknowledge')
  @Audited('alert.acknowledged', { shows: ['by'], hides: ['note'] })
  @Roles('operator')
  @HttpCode(200)
  @ApiParam({ name: 'id', type: 'integer', example: 1 })
  @ApiOkResponse({ type: AlertDto })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  @ApiConflict('The alert is resolved.', RESOLVED)
  async acknowledge(
    @Param('id', RowIdPipe) id: number,
    @Body() { by, note }: AcknowledgeAlertRequest,
    @Req() request: Request,
  ): Promise<AlertDto> {
    return alertDto(await this.alerts.acknowledge(id, by ?? ownName(request), note ?? null));
  }

  /**
   * Withdraw the acknowledgement: the alert is open again.
   *
   * Reminders begin anew. Of an alert that is not acknowledged nothing is changed.
   */
  @Delete(':id/acknowledge')
  @Audited('alert.acknowledgement_withdrawn')
  @Roles('operator')
  @ApiParam({ name: 'id', type: 'integer', example: 1 })
  @ApiOkResponse({ type: AlertDto })
  @ApiProblems(400, 404, 429, 503)
  @ApiConflict('The alert is resolved.', RESOLVED)
  async withdrawAcknowledgement(@Param('id', RowIdPipe) id: number): Promise<AlertDto> {
    return alertDto(await this.alerts.withdrawAcknowledgement(id));
  }
}

/** @throws ValidationFailed from somebody who was not asked for a key */
function ownName(request: Request): string {
  const { keyId, name } = principalOf(request);
  if (keyId === null) throw new ValidationFailed([{ field: 'by', message: 'is required' }]);
  return name;
}
