import { Injectable } from '@nestjs/common';
import { ClockVerdict, Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';
import { StoredSyncEvent, storedSyncEvent, SyncEventRow } from './sync-event.row.js';

export interface NewSyncEvent {
  readonly deviceId: string;
  readonly eventId: string | null;
  readonly reportedAt: Date | null;
  readonly receivedAt: Date;
  readonly effectiveAt: Date;
  readonly clock: ClockVerdict;
  readonly totalFilesSynced: number;
  readonly totalErrors: number;
  /** Mbps. */
  readonly internetSpeed: number | null;
  readonly errorMessage: string | null;
}

export interface Recording {
  /** `duplicate`: its event_id is stored with the same content; `conflict`: with other content. */
  readonly outcome: 'recorded' | 'duplicate' | 'conflict';
  /** Of the stored event, as are the times and the verdict. */
  readonly id: number;
  readonly receivedAt: Date;
  readonly effectiveAt: Date;
  readonly clock: ClockVerdict;
  /** The device's failure streak before and after the write that this event was part of. */
  readonly streakBefore: number;
  readonly streakAfter: number;
}

/** A place in a device's order of events. */
export interface SyncEventPosition {
  readonly effectiveAt: Date;
  readonly succeeded: boolean;
  readonly id: number;
}

export interface HistoryQuery {
  readonly deviceId: string;
  /** Half-open, on effective time. */
  readonly from?: Date;
  readonly to?: Date;
  readonly failed?: boolean;
  /** Only what is older than this place. */
  readonly before?: SyncEventPosition;
  readonly limit: number;
}

@Injectable()
export class SyncEventRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Stores the events, each once, and moves the counters and streaks of their devices: all in one
   * transaction, committed when this resolves. The answers stand in the order of the events.
   *
   * The order and the race are in `record_sync_events()` (prisma/migrations), which says what it
   * guarantees; Prisma's API has no statement that locks, judges and writes in one round trip.
   *
   * @throws WriteConflict (rolled back, repeat it), WriteRefused (rolled back), DatabaseUnavailable
   *   (unknown whether it was committed)
   */
  async record(events: readonly NewSyncEvent[]): Promise<Recording[]> {
    const rows = await asked(
      () => this.prisma.$queryRaw<RecordingRow[]>`
        SELECT item, outcome, id, received_at, effective_at, clock::text, streak_before, streak_after
        FROM record_sync_events(
          ${events.map((event) => event.deviceId)}::text[],
          ${events.map((event) => event.eventId)}::text[],
          ${events.map((event) => event.reportedAt?.toISOString() ?? null)}::timestamptz[],
          ${events.map((event) => event.receivedAt.toISOString())}::timestamptz[],
          ${events.map((event) => event.effectiveAt.toISOString())}::timestamptz[],
          ${events.map((event) => event.clock)}::clock_verdict[],
          ${events.map((event) => event.totalFilesSynced)}::integer[],
          ${events.map((event) => event.totalErrors)}::integer[],
          ${events.map((event) => event.internetSpeed)}::double precision[],
          ${events.map((event) => event.errorMessage)}::text[]
        )`,
    );
    const recordings = new Array<Recording>(events.length);
    for (const row of rows) {
      recordings[row.item - 1] = {
        outcome: row.outcome,
        id: Number(row.id),
        receivedAt: row.received_at,
        effectiveAt: row.effective_at,
        clock: row.clock,
        streakBefore: row.streak_before,
        streakAfter: row.streak_after,
      };
    }
    return recordings;
  }

  /** A page of a device's history, newest first: effective time, a success before a failure, arrival. */
  async newestFirst(query: HistoryQuery): Promise<StoredSyncEvent[]> {
    // Row comparison is the tie-break in one condition on the key's own order, which Prisma cannot say.
    const conditions = [Prisma.sql`sync_events.device_id = ${query.deviceId}`];
    if (query.from)
      conditions.push(Prisma.sql`sync_events.effective_at >= ${query.from.toISOString()}::timestamptz`);
    if (query.to)
      conditions.push(Prisma.sql`sync_events.effective_at < ${query.to.toISOString()}::timestamptz`);
    if (query.failed === true) conditions.push(Prisma.sql`NOT sync_events.succeeded`);
    if (query.failed === false) conditions.push(Prisma.sql`sync_events.succeeded`);
    if (query.before) {
      const { effectiveAt, succeeded, id } = query.before;
      conditions.push(
        Prisma.sql`(sync_events.effective_at, sync_events.succeeded, sync_events.id)
          < (${effectiveAt.toISOString()}::timestamptz, ${succeeded}::boolean, ${id}::bigint)`,
      );
    }
    const rows = await asked(
      () => this.prisma.$queryRaw<SyncEventRow[]>`
        SELECT
          sync_events.id, sync_events.device_id, sync_events.event_id, sync_events.reported_at,
          sync_events.received_at, sync_events.effective_at, sync_events.clock::text, sync_events.succeeded,
          sync_events.total_files_synced, sync_events.total_errors, sync_events.internet_speed,
          sync_events.error_message
        FROM sync_events
        WHERE ${Prisma.join(conditions, ' AND ')}
        ORDER BY sync_events.effective_at DESC, sync_events.succeeded DESC, sync_events.id DESC
        LIMIT ${query.limit}::integer`,
    );
    return rows.map(storedSyncEvent);
  }
}

interface RecordingRow {
  item: number;
  outcome: Recording['outcome'];
  id: bigint;
  received_at: Date;
  effective_at: Date;
  clock: ClockVerdict;
  streak_before: number;
  streak_after: number;
}
