import { Body, Controller, Get, Param, Patch, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { FailureRank, StoredDevice } from '../database/device.repository.js';
import { DEVICE_ID } from '../domain/device-id.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../http/cursor.js';
import { DeviceIdPipe } from '../http/device-id.pipe.js';
import { page } from '../http/page.js';
import { DeviceDto, deviceDto } from './device.dto.js';
import { DevicesQuery, RepeatedFailuresQuery } from './devices.query.dto.js';
import { DevicesService } from './devices.service.js';
import { RepeatedFailureDto, repeatedFailureDto } from './repeated-failure.dto.js';
import { StatsDto, statsDto } from './stats.dto.js';
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
      after: query.cursor === undefined ? undefined : idOf(decodeCursor<[string]>(query.cursor, 'string')[0]),
      limit: query.limit + 1,
    });
    return page(request, response, devices, query.limit, (last) => encodeCursor([last.deviceId])).map(
      (device) => this.dto(device),
    );
  }

  /**
   * Devices that keep failing, most failures first.
   *
   * Without `threshold`: devices with more than three failed events of all time.
   */
  @Get('devices/repeated-failures')
  @ApiOkResponse({ type: [RepeatedFailureDto] })
  @ApiProblems(400, 429, 503)
  async repeatedFailures(
    @Query() query: RepeatedFailuresQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RepeatedFailureDto[]> {
    const after = query.cursor === undefined ? undefined : rankOf(query.cursor);
    const devices = await this.devices.repeatedFailures(query.threshold, query.limit + 1, after);
    return page(request, response, devices, query.limit, (last) =>
      encodeCursor([last.totalFailedSyncs, last.deviceId]),
    ).map(repeatedFailureDto);
  }

  /** One device: its state, its counters and its latest sync. */
  @Get('devices/:device_id')
  @ApiOkResponse({ type: DeviceDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('device_id', DeviceIdPipe) deviceId: string): Promise<DeviceDto> {
    return this.dto(await this.devices.get(deviceId));
  }

  /** Change what people call a device, where it stands, its labels, or how often it is expected. */
  @Patch('devices/:device_id')
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
    });
    return this.dto(device);
  }

  /** The fleet in numbers, of all time. */
  @Get('stats')
  @ApiOkResponse({ type: StatsDto })
  @ApiProblems(429, 503)
  async stats(): Promise<StatsDto> {
    return statsDto(await this.devices.fleetTotals());
  }

  private dto(device: StoredDevice): DeviceDto {
    return deviceDto(device, this.devices.standing(device));
  }
}

function rankOf(cursor: string): FailureRank {
  const [totalFailedSyncs, deviceId] = decodeCursor<[number, string]>(cursor, 'number', 'string');
  return { totalFailedSyncs, deviceId: idOf(deviceId) };
}

function idOf(deviceId: string): string {
  if (!DEVICE_ID.test(deviceId)) throw invalidCursor();
  return deviceId;
}
