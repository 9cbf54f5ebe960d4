import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Roles } from '../access/roles.decorator.js';
import { Config } from '../config/config.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { DeviceIdPipe } from '../http/device-id.pipe.js';
import { DevicesService } from './devices.service.js';
import { DeviceStreakDto, deviceStreakDto } from './device-streak.dto.js';
import { DeviceStreakQuery } from './device-streak.query.dto.js';

@ApiTags('Devices')
@Roles('viewer')
@Controller()
export class DeviceStreakController {
  constructor(
    private readonly devices: DevicesService,
    private readonly config: Config,
  ) {}

  /** A device's failure streak explained: its events, how their clocks were judged, and what becomes of the alert. */
  @Get('devices/:device_id/streak')
  @ApiOkResponse({ type: DeviceStreakDto })
  @ApiProblems(400, 404, 429, 503)
  async streak(
    @Param('device_id', DeviceIdPipe) deviceId: string,
    @Query() query: DeviceStreakQuery,
  ): Promise<DeviceStreakDto> {
    const streak = await this.devices.streak(deviceId, query.limit);
    return deviceStreakDto(deviceId, streak, this.config.alertFailureStreak);
  }
}
