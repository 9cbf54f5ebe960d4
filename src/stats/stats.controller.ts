import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Roles } from '../access/roles.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { parseQueryTimestamp } from '../http/is-timestamp.decorator.js';
import { windowRequest } from '../http/window.query.dto.js';
import { ActivityBucketDto, activityBucketDto } from './activity.dto.js';
import { ErrorSummaryDto, errorSummaryDto } from './error-summary.dto.js';
import { StatsDto, statsDto } from './stats.dto.js';
import { ActivityQuery, ErrorsQuery } from './stats.query.dto.js';
import { StatsService } from './stats.service.js';

@ApiTags('Statistics')
@Roles('viewer')
@Controller('stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  /**
   * The fleet in numbers.
   *
   * Totals are of all time, deleted events included; an event answered with 201 is in them.
   */
  @Get()
  @ApiOkResponse({ type: StatsDto })
  @ApiProblems(429, 503)
  async fleet(): Promise<StatsDto> {
    const { totals, snapshot } = await this.stats.fleet();
    return statsDto(totals, snapshot);
  }

  /**
   * What arrived, hour by hour or day by day, oldest first.
   *
   * By received time: a backlog of weeks counts in the hour it was uploaded in. Buckets without events are listed too,
   * and partly covered ones as a whole; at most 1000.
   */
  @Get('activity')
  @ApiOkResponse({ type: [ActivityBucketDto] })
  @ApiProblems(400, 429, 503)
  async activity(@Query() query: ActivityQuery): Promise<ActivityBucketDto[]> {
    const buckets = await this.stats.activity(
      query.bucket,
      parseQueryTimestamp(query.from),
      parseQueryTimestamp(query.to),
    );
    return buckets.map(activityBucketDto);
  }

  /**
   * Why syncs fail: the most frequent error messages.
   *
   * By received time, over the whole hours that the window touches; by default the last 24 hours.
   */
  @Get('errors')
  @ApiOkResponse({ type: [ErrorSummaryDto] })
  @ApiProblems(400, 429, 503)
  async errors(@Query() query: ErrorsQuery): Promise<ErrorSummaryDto[]> {
    const errors = await this.stats.errors({ ...windowRequest(query), site: query.site, limit: query.limit });
    return errors.map(errorSummaryDto);
  }
}
