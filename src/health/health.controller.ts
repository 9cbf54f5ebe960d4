import { Controller, Get, HttpStatus, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { Public } from '../access/roles.decorator.js';
import { Clock } from '../domain/clock.js';
import { HealthDto, LiveDto, ReadyDto } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('Health')
@Public()
@SkipThrottle()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly clock: Clock,
  ) {}

  /** How the service is, for people. */
  @Get()
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'The database does not answer.' })
  async status(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<HealthDto> {
    const { isUp, latencyMs } = await this.health.database();
    if (!isUp) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return {
      status: isUp ? 'OK' : 'ERROR',
      port: request.socket.localPort ?? 0,
      timestamp: this.clock.now(),
      checks: { database: { status: isUp ? 'up' : 'down', latency_ms: latencyMs } },
    };
  }

  /** Whether the process still answers at all: for whoever restarts it. Never asks the database. */
  @Get('live')
  @ApiOkResponse({ type: LiveDto })
  live(): LiveDto {
    return { status: 'live' };
  }

  /** Whether to send traffic here: the database answers within a second, and the process is not stopping. */
  @Get('ready')
  @ApiOkResponse({ type: ReadyDto })
  @ApiServiceUnavailableResponse({ type: ReadyDto, description: 'Send no traffic here.' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadyDto> {
    const status = this.health.draining
      ? 'draining'
      : (await this.health.database()).isUp
        ? 'ready'
        : 'database down';
    if (status !== 'ready') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status };
  }
}
