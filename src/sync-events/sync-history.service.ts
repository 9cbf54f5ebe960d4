import { Injectable } from '@nestjs/common';
import { DeviceRepository } from '../database/device.repository.js';
import { HistoryQuery, SyncEventRepository } from '../database/sync-event.repository.js';
import { StoredSyncEvent } from '../database/sync-event.row.js';
import { DeviceNotFound } from '../domain/domain-error.js';

/** Events read at once for an export: some 200 kB of memory, a few milliseconds of the database. */
const EXPORT_STEP = 1_000;

@Injectable()
export class SyncHistoryService {
  constructor(
    private readonly syncEvents: SyncEventRepository,
    private readonly devices: DeviceRepository,
  ) {}

  /**
   * Newest first.
   *
   * @throws DeviceNotFound
   */
  async page(query: HistoryQuery): Promise<StoredSyncEvent[]> {
    const events = await this.syncEvents.newestFirst(query);
    // An empty page has two meanings; the second question is asked only then.
    if (events.length === 0 && !(await this.devices.exists(query.deviceId)))
      throw new DeviceNotFound(query.deviceId);
    return events;
  }

  /**
   * The whole range, newest first, step by step: each step is read when the one before has been taken, so
   * that memory stays the same however long the history is. No connection is held in between. Each event
   * that was stored at the start comes once; one that arrives meanwhile comes if its place is still ahead.
   *
   * @throws DeviceNotFound before the first step
   */
  async *all(query: HistoryQuery): AsyncGenerator<StoredSyncEvent[], void> {
    let left = query.limit;
    let limit = Math.min(left, EXPORT_STEP);
    let events = await this.page({ ...query, limit });
    for (;;) {
      yield events;
      left -= events.length;
      const isLast = events.length < limit || left === 0;
      if (isLast) return;
      limit = Math.min(left, EXPORT_STEP);
      events = await this.syncEvents.newestFirst({ ...query, before: events.at(-1), limit });
    }
  }
}
