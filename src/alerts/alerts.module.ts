import { Module } from '@nestjs/common';
import { AlertSweep } from './alert-sweep.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { FailingAlerts } from './failing-alerts.service.js';
import { SettleAlertsOnSyncEventListener } from './settle-alerts-on-sync-event.listener.js';

@Module({
  controllers: [AlertsController],
  providers: [AlertsService, FailingAlerts, SettleAlertsOnSyncEventListener, AlertSweep],
})
export class AlertsModule {}
