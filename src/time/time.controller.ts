import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../access/roles.decorator.js';
import { Clock } from '../domain/clock.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { TimeDto } from './time.dto.js';

@ApiTags('Time')
@Public()
@Controller('time')
export class TimeController {
  constructor(private readonly clock: Clock) {}

  /**
   * The server's time, for devices without a clock of their own.
   *
   * The `Date` header says the same to the second, as it does on every answer. On a slow line, add half of the time
   * that the request took.
   */
  @Get()
  @ApiOkResponse({ type: TimeDto })
  @ApiProblems(429)
  time(@Res({ passthrough: true }) response: Response): TimeDto {
    const time = this.clock.now();
    response.setHeader('Date', time.toUTCString());
    response.setHeader('Cache-Control', 'no-store');
    return { time };
  }
}
