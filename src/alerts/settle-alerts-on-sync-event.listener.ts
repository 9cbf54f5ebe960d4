import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Config } from '../config/config.js';
import { SyncEventRecorded } from '../sync-events/sync-event-recorded.event.js';
import { FailingAlerts } from './failing-alerts.service.js';
import { concernsFailingAlert } from './failing-alert.rule.js';

/** Settles the alerts of the devices that recorded events concern. Safe to run twice. */
@Injectable()
export class SettleAlertsOnSyncEventListener {
  constructor(
    private readonly failingAlerts: FailingAlerts,
    private readonly config: Config,
  ) {}

  // Errors are not swallowed here: the recorder, which waits for this, logs them with the events' ids.
  @OnEvent(SyncEventRecorded.eventName, { suppressErrors: false })
  async settle({ events }: SyncEventRecorded): Promise<void> {
    const deviceIds = new Set<string>();
    for (const event of events) {
      if (concernsFailingAlert(event, this.config.alertFailureStreak)) deviceIds.add(event.deviceId);
    }
    if (deviceIds.size > 0) await this.failingAlerts.settle([...deviceIds]);
  }
}
