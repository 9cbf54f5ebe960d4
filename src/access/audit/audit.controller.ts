import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { parseTimestamp } from '../../domain/timestamp.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../../http/cursor.js';
import { parseQueryTimestamp } from '../../http/is-timestamp.decorator.js';
import { page } from '../../http/page.js';
import { Roles } from '../roles.decorator.js';
import { AuditTrailService } from './audit-trail.service.js';
import { AuditEntryDto, auditEntryDto, AuditLogQuery } from './audit.dto.js';

@ApiTags('Audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly trail: AuditTrailService) {}

  /**
   * Who changed what and when, the newest first.
   *
   * One entry for each request that changed something and succeeded, and for each key made or revoked on the command
   * line; devices' reports are none. Nothing in it can be changed or removed. The next page is in the `Link` header.
   */
  @Get()
  @Roles('admin')
  @ApiOkResponse({ type: [AuditEntryDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: AuditLogQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AuditEntryDto[]> {
    const entries = await this.trail.newestFirst({
      actor: query.actor,
      action: query.action,
      from: parseQueryTimestamp(query.from),
      to: parseQueryTimestamp(query.to),
      before: query.cursor === undefined ? undefined : placeOf(query.cursor),
      limit: query.limit + 1,
    });
    return page(request, response, entries, query.limit, ({ at, id }) =>
      encodeCursor([at.toISOString(), id]),
    ).map(auditEntryDto);
  }
}

function placeOf(cursor: string): { at: Date; id: number } {
  const [time, id] = decodeCursor<[string, number]>(cursor, 'string', 'number');
  const at = parseTimestamp(time);
  if (!at) throw invalidCursor();
  return { at, id };
}
