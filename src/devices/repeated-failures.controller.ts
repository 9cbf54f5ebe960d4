import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Roles } from '../access/roles.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { invalidCursor } from '../http/cursor.js';
import { page } from '../http/page.js';
import { windowRequest } from '../http/window.query.dto.js';
import { cursorAfter, placeOf } from './repeated-failure.cursor.js';
import { RepeatedFailureDto, repeatedFailureDto } from './repeated-failure.dto.js';
import { RepeatedFailuresQuery } from './repeated-failures.query.dto.js';
import { RepeatedFailuresService } from './repeated-failures.service.js';

@ApiTags('Devices')
@Roles('viewer')
@Controller()
export class RepeatedFailuresController {
  constructor(private readonly failures: RepeatedFailuresService) {}

  /**
   * Devices that keep failing, most failures first.
   *
   * Without `threshold`: devices with more than three failed events. With a window, of effective time, only failures
   * within it count; the next page, in the `Link` header, is of the same window. Without one: of all time, deleted
   * events included.
   */
  @Get('devices/repeated-failures')
  @ApiOkResponse({ type: [RepeatedFailureDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: RepeatedFailuresQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RepeatedFailureDto[]> {
    const asked = this.failures.window(windowRequest(query));
    const place = query.cursor === undefined ? undefined : placeOf(query.cursor);
    if (place && (place.window === undefined) !== (asked === undefined)) throw invalidCursor();
    const window = place ? place.window : asked;
    const devices = await this.failures.mostFailuresFirst({
      atLeast: query.threshold,
      window,
      site: query.site,
      label: query.label,
      after: place?.rank,
      limit: query.limit + 1,
    });
    return page(request, response, devices, query.limit, (last) => cursorAfter(last, window)).map(
      repeatedFailureDto,
    );
  }
}
