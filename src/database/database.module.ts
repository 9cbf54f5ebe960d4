import { Global, Module } from '@nestjs/common';
import { AccessKeyRepository } from './access-key.repository.js';
import { AlertHistoryRepository } from './alert-history.repository.js';
import { AlertReminderRepository } from './alert-reminder.repository.js';
import { AlertRepository } from './alert.repository.js';
import { AuditRepository } from './audit.repository.js';
import { ChannelRepository } from './channel.repository.js';
import { DeviceRepository } from './device.repository.js';
import { DigestRepository } from './digest.repository.js';
import { EnrolmentRepository } from './enrolment.repository.js';
import { FailingAlertRepository } from './failing-alert.repository.js';
import { HealthRepository } from './health.repository.js';
import { NotificationRepository } from './notification.repository.js';
import { OutboxRepository } from './outbox.repository.js';
import { OutcomeRepository } from './outcome.repository.js';
import { PrismaService } from './prisma.service.js';
import { RepeatedFailureRepository } from './repeated-failure.repository.js';
import { SessionRepository } from './session.repository.js';
import { ServiceHeartbeatRepository } from './service-heartbeat.repository.js';
import { SilentDeviceRepository } from './silent-device.repository.js';
import { StatsRepository } from './stats.repository.js';
import { StreakRepository } from './streak.repository.js';
import { SyncEventRepository } from './sync-event.repository.js';
import { TestNotificationRepository } from './test-notification.repository.js';

const SHARED = [
  PrismaService,
  SyncEventRepository,
  DeviceRepository,
  AlertRepository,
  AlertHistoryRepository,
  AlertReminderRepository,
  FailingAlertRepository,
  ChannelRepository,
  NotificationRepository,
  TestNotificationRepository,
  SilentDeviceRepository,
  ServiceHeartbeatRepository,
  RepeatedFailureRepository,
  StatsRepository,
  StreakRepository,
  AccessKeyRepository,
  EnrolmentRepository,
  SessionRepository,
  AuditRepository,
  HealthRepository,
  OutboxRepository,
  OutcomeRepository,
  DigestRepository,
];

/** The only place with SQL: the repositories that the feature modules share. */
@Global()
@Module({
  providers: SHARED,
  exports: SHARED,
})
export class DatabaseModule {}
