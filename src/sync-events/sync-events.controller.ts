import { Body, Controller, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { SyncEventRequest } from './sync-event-request.dto.js';
import { parseSyncEventReport } from './sync-event-report.js';
import { RecordedSyncEventDto, recordedSyncEventDto } from './sync-event.dto.js';
import { SyncEventsService } from './sync-events.service.js';

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
}
