import { Body, Controller, Headers, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiTags,
  ApiOperation,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { NotAudited } from '../access/audit/audited.decorator.js';
import { mayActFor, Principal, principalOf, requireDevice, requireSomeDevice } from '../access/principal.js';
import { Roles } from '../access/roles.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { JsonUpload, UnreadableItem } from '../http/json-upload.js';
import { prefersMinimal } from '../http/prefers-minimal.js';
import {
  isRefused,
  parseSentAt,
  parseSyncEventReport,
  readSyncEventReport,
  RefusedReport,
  SyncEventReport,
} from './sync-event-report.js';
import { SyncEventRequest } from './sync-event-request.dto.js';
import { SyncEventUploadResult, syncEventUploadResult } from './sync-event-upload.dto.js';
import { UPLOAD_REQUEST_BODY, UPLOAD_RESULT_EXAMPLES } from './sync-event-upload.openapi.js';
import { RecordedSyncEventDto, recordedSyncEventDto } from './sync-event.dto.js';
import { SyncEventsService } from './sync-events.service.js';

const BECAUSE = 'What devices report is the history itself, kept as it came, with the time of its arrival.';

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
  @NotAudited(BECAUSE)
  @Roles('device', 'fleet')
  @ApiBody({ type: SyncEventRequest })
  @ApiCreatedResponse({ type: RecordedSyncEventDto, description: 'Recorded.' })
  @ApiOkResponse({ type: RecordedSyncEventDto, description: 'Recorded before: the stored event.' })
  @ApiProblems(400, 409, 413, 415, 429, 503)
  async record(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RecordedSyncEventDto> {
    const report = parseSyncEventReport(body);
    requireDevice(principalOf(request), report.deviceId);
    const recording = await this.syncEvents.record(report);
    response.status(recording.outcome === 'recorded' ? HttpStatus.CREATED : HttpStatus.OK);
    return recordedSyncEventDto(report, recording);
  }

  /**
   * Record up to 1000 sync attempts at once.
   *
   * As a JSON array, as `{"sent_at", "events"}`, or as NDJSON, one event a line; plain or with `Content-Encoding: gzip`,
   * at most 1 MiB as sent and 10 MiB inflated. Good events are kept whatever the others are, and 200 means: each event
   * has its result, what is recorded is committed, and alerts are settled.
   *
   * With any other answer, or none, the device sends the whole upload again (413: in smaller parts); where events carry
   * an `event_id`, that is always safe. An upload that breaks off records nothing.
   */
  @Post('sync-events')
  @NotAudited(BECAUSE)
  @Roles('device', 'fleet')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ requestBody: UPLOAD_REQUEST_BODY })
  @ApiHeader({
    name: 'Prefer',
    description: '`return=minimal` leaves the results of stored events out of the answer.',
    required: false,
    example: 'return=minimal',
  })
  @ApiHeader({ name: 'Content-Encoding', required: false, schema: { enum: ['gzip'] } })
  @ApiOkResponse({
    type: SyncEventUploadResult,
    description: 'What became of each event.',
    examples: UPLOAD_RESULT_EXAMPLES,
  })
  @ApiProblems(400, 408, 413, 415, 429, 503)
  async recordAll(
    @Req() request: Request,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SyncEventUploadResult> {
    const upload = request.body as JsonUpload;
    const principal = principalOf(request);
    requireSomeDevice(principal);
    const settled = await this.syncEvents.recordAll({
      items: upload.items.map((item) => readItem(item, principal)),
      sentAt: parseSentAt(upload.sentAt),
      startedAt: upload.startedAt,
    });
    const isMinimal = prefersMinimal(prefer);
    if (isMinimal) response.setHeader('Preference-Applied', 'return=minimal');
    return syncEventUploadResult(settled, isMinimal);
  }
}

function readItem(item: unknown, principal: Principal): SyncEventReport | RefusedReport {
  if (item instanceof UnreadableItem) return { errors: [{ field: '', message: item.problem }] };
  const report = readSyncEventReport(item);
  if (isRefused(report) || mayActFor(principal, report.deviceId)) return report;
  return { errors: [{ field: 'device_id', message: 'is not the device of this key' }] };
}
