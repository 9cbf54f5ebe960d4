import { Injectable, Logger } from '@nestjs/common';
import { WriteRefused } from '../database/database-error.js';
import { NewSyncEvent, Recording } from '../database/sync-event.repository.js';
import { Clock } from '../domain/clock.js';
import { judgeClock } from './judge-clock.js';
import { isRefused, RefusedReport, SyncEventReport } from './sync-event-report.js';
import { EventConflict } from './sync-event.errors.js';
import { SyncEventRecorder } from './sync-event.recorder.js';

/** What came in one upload. */
export interface SyncEventUpload {
  readonly items: readonly (SyncEventReport | RefusedReport)[];
  /** The device's clock when it began to send; it stands above that of a single item. */
  readonly sentAt: Date | null;
  /** The server's clock at the same moment. */
  readonly startedAt: Date;
}

@Injectable()
export class SyncEventsService {
  private readonly logger = new Logger(SyncEventsService.name);

  constructor(
    private readonly clock: Clock,
    private readonly recorder: SyncEventRecorder,
  ) {}

  /** @throws EventConflict, Overloaded, DatabaseUnavailable */
  async record(report: SyncEventReport): Promise<Recording> {
    const recording = await this.recorder.record(newSyncEvent(report, this.clock.now(), report.sentAt));
    if (recording.outcome === 'conflict') throw new EventConflict(report.deviceId, report.eventId ?? '');
    return recording;
  }

  /**
   * Records what can be recorded of an upload and says of each item, in order, what became of it.
   *
   * When the database goes away in the middle, nothing is said of any item: some are stored, of others
   * nobody knows. The device sends all of them again.
   *
   * @throws Overloaded, DatabaseUnavailable
   */
  async recordAll({ items, sentAt, startedAt }: SyncEventUpload): Promise<(Recording | RefusedReport)[]> {
    const arrivedAt = this.clock.now().getTime();
    const events: NewSyncEvent[] = [];
    items.forEach((item, place) => {
      if (isRefused(item)) return;
      // A millisecond apart, in their order: where the time of arrival has to stand in for the time of the
      // event, the order of a device's failures and successes is not lost.
      const receivedAt = new Date(arrivedAt - (items.length - 1 - place));
      const stampedAt = sentAt ?? item.sentAt;
      // The device's clock as it must have stood by then, however long the upload was on its way.
      const deviceNow =
        stampedAt && new Date(stampedAt.getTime() + receivedAt.getTime() - startedAt.getTime());
      events.push(newSyncEvent(item, receivedAt, deviceNow));
    });
    const outcomes = await this.recorder.recordAll(events);
    let next = 0;
    return items.map((item) => (isRefused(item) ? item : this.settled(events[next], outcomes[next++])));
  }

  /** @throws whatever leaves it open whether the event is stored, or may pass */
  private settled(event: NewSyncEvent, outcome: Recording | Error): Recording | RefusedReport {
    if (!(outcome instanceof Error)) return outcome;
    if (!(outcome instanceof WriteRefused)) throw outcome;
    // It would be refused again for ever; the device must not keep it, and somebody here should look at it.
    this.logger.error(`An event of device ${event.deviceId} was refused by the database`, outcome);
    return { errors: [{ field: '', message: 'cannot be stored' }] };
  }
}

function newSyncEvent(report: SyncEventReport, receivedAt: Date, sentAt: Date | null): NewSyncEvent {
  const { effectiveAt, clock } = judgeClock(report.reportedAt, receivedAt, sentAt);
  return {
    deviceId: report.deviceId,
    eventId: report.eventId,
    reportedAt: report.reportedAt,
    receivedAt,
    effectiveAt,
    clock,
    totalFilesSynced: report.totalFilesSynced,
    totalErrors: report.totalErrors,
    internetSpeed: report.internetSpeed,
    errorMessage: report.errorMessage,
  };
}
