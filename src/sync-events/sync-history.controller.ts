import { Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Readable } from 'node:stream';
import { principalOf, requireDevice } from '../access/principal.js';
import { Roles } from '../access/roles.decorator.js';
import { HistoryQuery, SyncEventPosition } from '../database/sync-event.repository.js';
import { StoredSyncEvent } from '../database/sync-event.row.js';
import { parseTimestamp } from '../domain/timestamp.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../http/cursor.js';
import { DeviceIdPipe } from '../http/device-id.pipe.js';
import { parseQueryTimestamp } from '../http/is-timestamp.decorator.js';
import { page } from '../http/page.js';
import { RequestRefused } from '../http/request-refused.js';
import { CSV_HEADER, csvLines } from './sync-event-csv.js';
import { SyncEventDto, syncEventDto } from './sync-event.dto.js';
import { HISTORY_EXAMPLES } from './sync-history.openapi.js';
import { SyncHistoryQuery } from './sync-history.query.dto.js';
import { SyncHistoryService } from './sync-history.service.js';

const PAGE_LENGTH = 50;

type Format = NonNullable<SyncHistoryQuery['format']>;

/** The first one is given to clients that take anything. */
const FORMAT_BY_TYPE: Record<string, Format> = {
  'application/json': 'json',
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
};

const EXPORTS = {
  csv: { type: 'text/csv; charset=utf-8; header=present', header: CSV_HEADER, lines: csvLines },
  ndjson: { type: 'application/x-ndjson', header: '', lines: ndjsonLines },
};

@ApiTags('Sync events')
@Controller()
export class SyncHistoryController {
  constructor(private readonly histories: SyncHistoryService) {}

  /**
   * A device's sync events, newest first: a page of them, or the whole range as a file.
   *
   * Ordered by effective time; at the same instant a success counts as the later one, then arrival. The next page is
   * in the `Link` header; events that arrive meanwhile neither shift nor repeat a page.
   *
   * With `Accept: text/csv` or `application/x-ndjson`, or `?format=`, the whole range is streamed, however long. A
   * file whose transfer breaks off is not whole. In CSV, texts that a spreadsheet would take for a formula begin with
   * an apostrophe; NDJSON gives every text as it is.
   */
  @Get(['device/:device_id/sync-history', 'devices/:device_id/sync-history'])
  @Roles('viewer', 'device')
  @ApiOkResponse({
    description: 'A page, or the whole range.',
    content: {
      'application/json': {
        schema: { type: 'array', items: { $ref: getSchemaPath(SyncEventDto) } },
        example: HISTORY_EXAMPLES.json,
      },
      'text/csv': { schema: { type: 'string' }, example: HISTORY_EXAMPLES.csv },
      'application/x-ndjson': { schema: { type: 'string' }, example: HISTORY_EXAMPLES.ndjson },
    },
  })
  @ApiProblems(400, 404, 406, 429, 503)
  async history(
    @Param('device_id', DeviceIdPipe) deviceId: string,
    @Query() query: SyncHistoryQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SyncEventDto[] | StreamableFile> {
    requireDevice(principalOf(request), deviceId);
    const format = query.format ?? acceptedFormat(request);
    response.vary('Accept');
    const range = {
      deviceId,
      from: parseQueryTimestamp(query.from),
      to: parseQueryTimestamp(query.to),
      failed: query.failed === undefined ? undefined : query.failed === 'true',
      before: query.cursor === undefined ? undefined : positionOf(query.cursor),
    };
    if (format !== 'json') return this.export(format, { ...range, limit: query.limit ?? Infinity });
    const limit = query.limit ?? PAGE_LENGTH;
    const events = await this.histories.page({ ...range, limit: limit + 1 });
    return page(request, response, events, limit, cursorAfter).map(syncEventDto);
  }

  private async export(format: keyof typeof EXPORTS, query: HistoryQuery): Promise<StreamableFile> {
    const { type, header, lines } = EXPORTS[format];
    const steps = this.histories.all(query);
    // Read before anything is sent: an unknown device is still a 404.
    const first = await steps.next();
    async function* texts(): AsyncGenerator<string> {
      yield header + lines((first.value ?? []).map(syncEventDto));
      for await (const events of steps) yield lines(events.map(syncEventDto));
    }
    return new StreamableFile(Readable.from(texts(), { objectMode: false }), {
      type,
      disposition: `attachment; filename="${fileName(query.deviceId)}.${format}"`,
    });
  }
}

/** @throws RequestRefused when the client takes none of the forms that there are */
function acceptedFormat(request: Request): Format {
  const type = request.accepts(Object.keys(FORMAT_BY_TYPE));
  if (type) return FORMAT_BY_TYPE[type];
  const forms = 'application/json, text/csv and application/x-ndjson';
  throw new RequestRefused('not_acceptable', `The history is there as ${forms}.`);
}

function ndjsonLines(events: readonly SyncEventDto[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Of the characters of a device id only the colon is none for a file's name. */
function fileName(deviceId: string): string {
  return `sync-history-${deviceId.replaceAll(':', '-')}`;
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
