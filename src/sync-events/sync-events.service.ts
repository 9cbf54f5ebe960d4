import { Injectable } from '@nestjs/common';
import { Clock } from '../domain/clock.js';
import { Recording } from '../database/sync-event.repository.js';
import { judgeClock } from './judge-clock.js';
import { SyncEventReport } from './sync-event-report.js';
import { EventConflict } from './sync-event.errors.js';
import { SyncEventRecorder } from './sync-event.recorder.js';

@Injectable()
export class SyncEventsService {
  constructor(
    private readonly clock: Clock,
    private readonly recorder: SyncEventRecorder,
  ) {}

  /** @throws EventConflict, Overloaded, DatabaseUnavailable */
  async record(report: SyncEventReport): Promise<Recording> {
    const receivedAt = this.clock.now();
    const { effectiveAt, clock } = judgeClock(report.reportedAt, receivedAt, report.sentAt);
    const recording = await this.recorder.record({
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
    });
    if (recording.outcome === 'conflict') throw new EventConflict(report.deviceId, report.eventId ?? '');
    return recording;
  }
}
