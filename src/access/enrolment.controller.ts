import { Body, Controller, Header, HttpCode, HttpStatus, Param, Post, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiConflict } from '../http/api-conflict.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { DeviceIdPipe } from '../http/device-id.pipe.js';
import { Audited } from './audit/audited.decorator.js';
import {
  EnrolDeviceRequest,
  EnrolledDeviceDto,
  enrolledDeviceDto,
  EnrolmentApprovalDto,
  enrolmentApprovalDto,
} from './enrolment.dto.js';
import { DeviceKnown } from './enrolment.errors.js';
import { EnrolmentService } from './enrolment.service.js';
import { principalOf } from './principal.js';
import { Roles } from './roles.decorator.js';

@ApiTags('Keys')
@Controller()
export class EnrolmentController {
  constructor(private readonly enrolments: EnrolmentService) {}

  /**
   * Give a device its own key, for the fleet key.
   *
   * A device that has a key, had one or has reported gets another one only after an operator has approved of it, and
   * loses the old one then. Of two that ask for the same id at once, one gets it. 403: the fleet key has enrolled as
   * many devices as it may; 429: within this hour.
   */
  @Post('enroll')
  @Audited<EnrolledDeviceDto>('device.enrolled', {
    id: ({ device_id }) => device_id,
    shows: ['device_id', 'name'],
    adds: ({ key_id }) => ({ key_id }),
  })
  @Roles('fleet')
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: EnrolledDeviceDto })
  @ApiProblems(400, 413, 415, 429, 503)
  @ApiConflict('The device is known.', { device_known: new DeviceKnown('PIBOX-7').message })
  async enrol(@Body() body: EnrolDeviceRequest, @Req() request: Request): Promise<EnrolledDeviceDto> {
    const { keyId } = principalOf(request);
    return enrolledDeviceDto(await this.enrolments.enrol(body.device_id, body.name ?? body.device_id, keyId));
  }

  /**
   * Let a known device enrol once more.
   *
   * For a device whose memory card was lost or written anew. The approval is used up by the next enrolment of this id,
   * which revokes the keys that the device had; it ends after seven days.
   */
  @Post('devices/:device_id/enrolment')
  @Audited('device.enrolment_approved')
  @Roles('operator')
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ type: EnrolmentApprovalDto })
  @ApiProblems(400, 404, 429, 503)
  async approve(
    @Param('device_id', DeviceIdPipe) deviceId: string,
    @Req() request: Request,
  ): Promise<EnrolmentApprovalDto> {
    return enrolmentApprovalDto(await this.enrolments.approve(deviceId, principalOf(request).keyId));
  }
}
