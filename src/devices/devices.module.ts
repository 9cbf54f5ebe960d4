import { Module } from '@nestjs/common';
import { DeviceStreakController } from './device-streak.controller.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';
import { RepeatedFailuresController } from './repeated-failures.controller.js';
import { RepeatedFailuresService } from './repeated-failures.service.js';

@Module({
  // In this order: `repeated-failures` would otherwise be the id of a device.
  controllers: [RepeatedFailuresController, DevicesController, DeviceStreakController],
  providers: [DevicesService, RepeatedFailuresService],
})
export class DevicesModule {}
