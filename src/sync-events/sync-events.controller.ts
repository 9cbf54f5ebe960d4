import { Body, Controller, Get, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { SyncEventPosition } from '../database/sync-event.repository.js';
import { StoredSyncEvent } from '../database/sync-event.row.js';
import { parseTimestamp } from '../domain/timestamp.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../http/cursor.js';
import { DeviceIdPipe } from '../http/device-id.pipe.js';
import { parseQueryTimestamp } from '../http/is-timestamp.decorator.js';
import { page } from '../http/page.js';
import { SyncEventRequest } from './sync-event-request.dto.js';
import { parseSyncEventReport } from './sync-event-report.js';
import { RecordedSyncEventDto, recordedSyncEventDto, SyncEventDto, syncEventDto } from './sync-event.dto.js';
import { SyncEventsService } from './sync-events.service.js';
import { SyncHistoryQuery } from './sync-history.query.dto.js';

@ApiTags('Sync events')
@Controller()
export class SyncEventsController {
  constructor(private readonly syncEvents: SyncEventsService) {}

  /**
   * Record one sync attempt.
   *
   * 201 means: committed, and the device's alerts settled. A device that got no answer, 429 or 503 sends the same
   * again, after the time in `Retry-After`; with an `event_id` of its own that is always safe.
   */
  @Post('sync-event')
  @ApiBody({ type: SyncEventRequest })
  @ApiCreatedResponse({ type: RecordedSyncEventDto, description: 'Recorded.' })
  @ApiOkResponse({ type: RecordedSyncEventDto, description: 'Recorded before: the stored event.' })
  @ApiProblems(400, 409, 413, 415, 429, 503)
  async record(
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RecordedSyncEventDto> {
    const report = parseSyncEventReport(body);
    const recording = await this.syncEvents.record(report);
    response.status(recording.outcome === 'recorded' ? HttpStatus.CREATED : HttpStatus.OK);
    return recordedSyncEventDto(report, recording);
  }

  /**
   * A device's sync events, newest first.
   *
   * Ordered by effective time; at the same instant a success counts as the later one, then arrival. The next page is
   * in the `Link` header; events that arrive meanwhile neither shift nor repeat a page.
   */
  @Get(['device/:device_id/sync-history', 'devices/:device_id/sync-history'])
  @ApiOkResponse({ type: [SyncEventDto] })
  @ApiProblems(400, 404, 429, 503)
  async history(
    @Param('device_id', DeviceIdPipe) deviceId: string,
    @Query() query: SyncHistoryQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SyncEventDto[]> {
    const events = await this.syncEvents.history({
      deviceId,
      from: parseQueryTimestamp(query.from),
      to: parseQueryTimestamp(query.to),
      failed: query.failed === undefined ? undefined : query.failed === 'true',
      before: query.cursor === undefined ? undefined : positionOf(query.cursor),
      limit: query.limit + 1,
    });
    return page(request, response, events, query.limit, cursorAfter).map(syncEventDto);
  }
}

function cursorAfter(event: StoredSyncEvent): string {
  return encodeCursor([event.effectiveAt.toISOString(), event.succeeded, event.id]);
}

function positionOf(cursor: string): SyncEventPosition {
  const [time, succeeded, id] = decodeCursor<[string, boolean, number]>(
    cursor,
    'string',
    'boolean',
    'number',
  );
  const effectiveAt = parseTimestamp(time);
  if (!effectiveAt) throw invalidCursor();
  return { effectiveAt, succeeded, id };
}
