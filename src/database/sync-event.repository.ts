import { Injectable } from '@nestjs/common';
import { ClockVerdict, Prisma } from '../generated/prisma/client.js';
import { plainArray, textArray, timeArray } from './array-literal.js';
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
  /** A silent alert of the device was unresolved. */
  readonly wasSilent: boolean;
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
   * transaction, committed when this resolves. The answers stand in the order of the events. An event that
   * stands there twice is stored in that transaction and compared in another.
   *
   * The order and the race are in `record_sync_events()` (prisma/migrations), which says what it
   * guarantees; Prisma's API has no statement that locks, judges and writes in one round trip.
   *
   * @throws WriteConflict (rolled back, repeat it), WriteRefused (rolled back), DatabaseUnavailable
   *   (unknown whether it was committed)
   */
  async record(events: readonly NewSyncEvent[]): Promise<Recording[]> {
    const firsts = firstOfEachEvent(events);
    const recordings = await this.recordDistinct(firsts.map((item) => events[item]));
    if (firsts.length === events.length) return recordings;
    // Repetitions within one call are looked at after what they repeat is stored.
    const isFirst = new Set(firsts);
    const repetitions = [...events.keys()].filter((item) => !isFirst.has(item));
    const repeated = await this.record(repetitions.map((item) => events[item]));
    const all = new Array<Recording>(events.length);
    firsts.forEach((item, place) => (all[item] = recordings[place]));
    repetitions.forEach((item, place) => (all[item] = repeated[place]));
    return all;
  }

  /**
   * Arrays cross as text and the answer as one JSON value: as typed rows and values they would take Prisma and
   * node-postgres as long as the rest of a request.
   */
  private async recordDistinct(events: readonly NewSyncEvent[]): Promise<Recording[]> {
    const [{ recordings }] = await asked(
      () => this.prisma.$queryRaw<[{ recordings: string }]>`
        SELECT json_agg(
          CASE outcome
            WHEN 'recorded' THEN json_build_array(id, streak_before, streak_after, was_silent)
            ELSE json_build_array(id, streak_before, streak_after, was_silent, outcome, received_at, effective_at, clock)
          END
          ORDER BY item
        )::text AS recordings
        FROM record_sync_events(
          ${textArray(events.map((event) => event.deviceId))}::text[],
          ${textArray(events.map((event) => event.eventId))}::text[],
          ${timeArray(events.map((event) => event.reportedAt))}::timestamptz[],
          ${timeArray(events.map((event) => event.receivedAt))}::timestamptz[],
          ${timeArray(events.map((event) => event.effectiveAt))}::timestamptz[],
          ${plainArray(events.map((event) => event.clock))}::clock_verdict[],
          ${plainArray(events.map((event) => event.totalFilesSynced))}::integer[],
          ${plainArray(events.map((event) => event.totalErrors))}::integer[],
          ${plainArray(events.map((event) => event.internetSpeed))}::double precision[],
          ${textArray(events.map((event) => event.errorMessage))}::text[]
        )`,
    );
    return (JSON.parse(recordings) as RecordingRow[]).map((row, item) => recordingOf(row, events[item]));
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

/** The places of the events that no event before them repeats: only an event id makes two the same. */
function firstOfEachEvent(events: readonly NewSyncEvent[]): number[] {
  const seen = new Set<string>();
  const firsts: number[] = [];
  events.forEach(({ deviceId, eventId }, item) => {
    if (eventId !== null) {
      // A device id has no space.
      const name = `${deviceId} ${eventId}`;
      if (seen.has(name)) return;
      seen.add(name);
    }
    firsts.push(item);
  });
  return firsts;
}

/** The answer of `record_sync_events()` to one event; what follows the fourth is of an event stored before. */
type RecordingRow = [
  id: number,
  streakBefore: number,
  streakAfter: number,
  wasSilent: boolean,
  outcome?: 'duplicate' | 'conflict',
  receivedAt?: string,
  effectiveAt?: string,
  clock?: ClockVerdict,
];

function recordingOf(row: RecordingRow, event: NewSyncEvent): Recording {
  const [id, streakBefore, streakAfter, wasSilent, outcome, receivedAt, effectiveAt, clock] = row;
  return {
    outcome: outcome ?? 'recorded',
    id,
    receivedAt: receivedAt === undefined ? event.receivedAt : new Date(receivedAt),
    effectiveAt: effectiveAt === undefined ? event.effectiveAt : new Date(effectiveAt),
    clock: clock ?? event.clock,
    streakBefore,
    streakAfter,
    wasSilent,
  };
}
