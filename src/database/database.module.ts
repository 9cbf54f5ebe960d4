import { Global, Module } from '@nestjs/common';
import { AlertRepository } from './alert.repository.js';
import { DeviceRepository } from './device.repository.js';
import { FailingAlertRepository } from './failing-alert.repository.js';
import { HealthRepository } from './health.repository.js';
import { PrismaService } from './prisma.service.js';
import { SyncEventRepository } from './sync-event.repository.js';

/** The only place with SQL: the repositories that the feature modules share. */
@Global()
@Module({
  providers: [
    PrismaService,
    SyncEventRepository,
    DeviceRepository,
    AlertRepository,
    FailingAlertRepository,
    HealthRepository,
  ],
  exports: [
    PrismaService,
    SyncEventRepository,
    DeviceRepository,
    AlertRepository,
    FailingAlertRepository,
    HealthRepository,
  ],
})
export class DatabaseModule {}
