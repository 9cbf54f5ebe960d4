import { Body, Controller, Get, Param, Patch, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Audited } from '../access/audit/audited.decorator.js';
import { Roles } from '../access/roles.decorator.js';
import { StoredDevice } from '../database/device.repository.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { deviceIdOfCursor, DeviceIdPipe } from '../http/device-id.pipe.js';
import { page } from '../http/page.js';
import { DeviceDto, deviceDto } from './device.dto.js';
import { DevicesQuery } from './devices.query.dto.js';
import { DevicesService } from './devices.service.js';
import { UpdateDeviceRequest } from './update-device.dto.js';

@ApiTags('Devices')
@Controller()
export class DevicesController {
  constructor(private readonly devices: DevicesService) {}

  /**
   * The registry, in the order of the device ids.
   *
   * A device is in it from its first sync event on. The next page is in the `Link` header.
   */
  @Get('devices')
  @Roles('viewer')
  @ApiOkResponse({ type: [DeviceDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: DevicesQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeviceDto[]> {
    const devices = await this.devices.list({
      site: query.site,
      label: query.label,
      failing: query.failing === undefined ? undefined : query.failing === 'true',
      after:
        query.cursor === undefined
          ? undefined
          : deviceIdOfCursor(decodeCursor<[string]>(query.cursor, 'string')[0]),
      limit: query.limit + 1,
    });
    return page(request, response, devices, query.limit, (last) => encodeCursor([last.deviceId])).map(
      (device) => this.dto(device),
    );
  }

  /** One device: its state, its counters and its latest sync. */
  @Get('devices/:device_id')
  @Roles('viewer')
  @ApiOkResponse({ type: DeviceDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('device_id', DeviceIdPipe) deviceId: string): Promise<DeviceDto> {
    return this.dto(await this.devices.get(deviceId));
  }

  /**
   * Change what people call a device, where it stands, its labels, how often it is expected, or whether it is paused.
   *
   * A paused device's alerts are opened and resolved as ever, and told nobody. When the pause ends, what is still so is
   * told, and so is the end of what was told before the pause.
   */
  @Patch('devices/:device_id')
  @Audited('device.changed', {
    shows: ['name', 'site', 'labels', 'expected_interval_seconds', 'paused'],
  })
  @Roles('operator')
  @ApiOkResponse({ type: DeviceDto })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async change(
    @Param('device_id', DeviceIdPipe) deviceId: string,
    @Body() changes: UpdateDeviceRequest,
  ): Promise<DeviceDto> {
    const device = await this.devices.change(deviceId, {
      name: changes.name,
      site: changes.site,
      labels: changes.labels,
      expectedIntervalSeconds: changes.expected_interval_seconds,
      paused: changes.paused,
    });
    return this.dto(device);
  }

  private dto(device: StoredDevice): DeviceDto {
    return deviceDto(device, this.devices.standing(device));
  }
}
