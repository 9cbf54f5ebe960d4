import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Config } from '../config/config.js';
import { RecordedEvent, SyncEventRecorded } from '../sync-events/sync-event-recorded.event.js';
import { FailingAlerts } from './failing-alerts.service.js';
import { concernsFailingAlert } from './failing-alert.rule.js';
import { SilentDevices } from './silent-devices.service.js';

/** Settles the alerts of the devices that recorded events concern. Safe to run twice. */
@Injectable()
export class SettleAlertsOnSyncEventListener {
  constructor(
    private readonly failingAlerts: FailingAlerts,
    private readonly silentDevices: SilentDevices,
    private readonly config: Config,
  ) {}

  // Errors are not swallowed here: the recorder, which waits for this, logs them with the events' ids.
  @OnEvent(SyncEventRecorded.eventName, { suppressErrors: false })
  async settle({ events }: SyncEventRecorded): Promise<void> {
    const streakToAlert = this.config.alertFailureStreak;
    const failing = devicesOf(events, (event) => concernsFailingAlert(event, streakToAlert));
    // A failing sync is contact too.
    const silent = devicesOf(events, (event) => event.wasSilent);
    if (failing.length > 0) await this.failingAlerts.settle(failing);
    if (silent.length > 0) await this.silentDevices.settle(silent);
  }
}

function devicesOf(events: readonly RecordedEvent[], concerned: (event: RecordedEvent) => boolean): string[] {
  return [...new Set(events.filter(concerned).map(({ deviceId }) => deviceId))];
}
