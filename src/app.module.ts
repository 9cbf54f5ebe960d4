import { DynamicModule, Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AccessModule } from './access/access.module.js';
import { AuditModule } from './access/audit/audit.module.js';
import { AlertsModule } from './alerts/alerts.module.js';
import { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { DomainModule } from './domain/domain.module.js';
import { HealthModule } from './health/health.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { StatsModule } from './stats/stats.module.js';
import { SyncEventsModule } from './sync-events/sync-events.module.js';
import { TimeModule } from './time/time.module.js';

/** The architecture on one screen. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DomainModule,
        DatabaseModule,
        EventEmitterModule.forRoot(),
        AccessModule,
        AuditModule,
        SyncEventsModule,
        DevicesModule,
        AlertsModule,
        NotificationsModule,
        StatsModule,
        TimeModule,
        HealthModule,
      ],
    };
  }
}
