import { Module } from '@nestjs/common';
import { AlertAnnouncer } from './alert-announcer.js';
import { AlertReminders } from './alert-reminders.service.js';
import { AlertSweep } from './alert-sweep.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { FailingAlerts } from './failing-alerts.service.js';
import { ServiceHeartbeat } from './service-heartbeat.js';
import { SettleAlertsOnSyncEventListener } from './settle-alerts-on-sync-event.listener.js';
import { SilentDevices } from './silent-devices.service.js';

@Module({
  controllers: [AlertsController],
  providers: [
    AlertsService,
    FailingAlerts,
    SilentDevices,
    ServiceHeartbeat,
    AlertReminders,
    AlertAnnouncer,
    SettleAlertsOnSyncEventListener,
    AlertSweep,
  ],
})
export class AlertsModule {}
