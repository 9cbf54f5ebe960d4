import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Config } from '../config/config.js';
import { DatabaseUnavailable, WriteConflict, WriteRefused } from '../database/database-error.js';
import { NewSyncEvent, Recording, SyncEventRepository } from '../database/sync-event.repository.js';
import { Overloaded } from '../domain/domain-error.js';
import { RecordedEvent, SyncEventRecorded } from './sync-event-recorded.event.js';

interface Waiting {
  readonly event: NewSyncEvent;
  /** Takes what became of the event, after its write and the listeners. */
  readonly settle: (outcome: Recording | Error) => void;
}

/** Two transactions that roll each other back do so once; a third time means something else is wrong. */
const ATTEMPTS_AT_A_CONFLICT = 3;

/**
 * Milliseconds after which a write is slow: it waits for a lock or a disk, and those that gather behind it need not.
 * Before that they do better to wait: a larger write costs less an event.
 */
const SLOW_WRITE_MS = 20;

/**
 * A write takes half of the single events that are unanswered, so that PostgreSQL stores one half while this process
 * answers the other and reads what comes next; taking all, each would wait for the other. Fewer are not worth halving.
 */
const SMALLEST_SHARE = 32;

/** A PostgreSQL that restarts closes its connections at once and is often back within this. */
const PAUSE_AFTER_A_LOST_CONNECTION_MS = 300;

/**
 * Gathers the events that arrive while a write is under way and stores them with the next one: one
 * transaction for many events, as databases do with group commit. An idle service writes at once. Only
 * beside a slow write another one is begun. Each caller is answered after its event is committed and the listeners of
 * `sync-event.recorded` have finished.
 */
@Injectable()
export class SyncEventRecorder {
  private readonly logger = new Logger(SyncEventRecorder.name);
  private readonly waitingAlone: Waiting[] = [];
  private readonly waitingUploads: Waiting[][] = [];
  private writesUnderWay = 0;
  private slowWrites = 0;
  private unanswered = 0;
  private isWriteScheduled = false;

  constructor(
    private readonly syncEvents: SyncEventRepository,
    private readonly domainEvents: EventEmitter2,
    private readonly config: Config,
  ) {}

  /** Whether a further event would be turned away: checked before any work is done on a request. */
  get isFull(): boolean {
    return this.unanswered >= this.config.recorderQueueLimit;
  }

  /**
   * @throws Overloaded when as many events as the queue may hold are unanswered
   * @throws DatabaseUnavailable, WriteConflict or WriteRefused from the write; except after
   *   DatabaseUnavailable, nothing was stored
   */
  record(event: NewSyncEvent): Promise<Recording> {
    if (this.isFull) return Promise.reject(queueIsFull());
    this.unanswered += 1;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Recording | Error): void =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.waitingAlone.push({ event, settle });
      this.scheduleWrite();
    });
  }

  /**
   * Records the events of one upload in one write, so that alerts see a backlog at its end and never in the
   * middle. There is one outcome for each event, in their order; an error that `record` would throw stands
   * in the place of its event.
   *
   * The whole upload is taken as long as the queue is not full, so the queue may hold one upload more than
   * its limit: a limit that an upload had to fit under would let single events crowd uploads out.
   *
   * @throws Overloaded when as many events as the queue may hold are unanswered
   */
  recordAll(events: readonly NewSyncEvent[]): Promise<(Recording | Error)[]> {
    if (events.length === 0) return Promise.resolve([]);
    if (this.isFull) return Promise.reject(queueIsFull());
    this.unanswered += events.length;
    return new Promise((resolve) => {
      const outcomes: (Recording | Error)[] = [];
      // The events of one write are settled in their order.
      const settle = (outcome: Recording | Error): void => {
        if (outcomes.push(outcome) === events.length) resolve(outcomes);
      };
      this.waitingUploads.push(events.map((event) => ({ event, settle })));
      this.scheduleWrite();
    });
  }

  /** Starts after the requests that this turn of the event loop has read are in the queue too. */
  private scheduleWrite(): void {
    if (this.isWriteScheduled || this.writesUnderWay >= this.config.recorderWriters) return;
    if (this.writesUnderWay > this.slowWrites) return;
    this.isWriteScheduled = true;
    setImmediate(() => {
      this.isWriteScheduled = false;
      const batch = this.nextBatch();
      if (batch.length === 0) return;
      void this.write(batch);
    });
  }

  /** Single events first, however many uploads wait; then whole uploads: one, and more while they fit. */
  private nextBatch(): Waiting[] {
    const size = this.config.recorderBatchSize;
    const share = Math.max(SMALLEST_SHARE, Math.ceil(this.unanswered / 2));
    const alone = this.waitingAlone.splice(0, Math.min(size, share));
    const uploaded: Waiting[] = [];
    do uploaded.push(...(this.waitingUploads.shift() ?? []));
    while (this.waitingUploads.length > 0 && uploaded.length + this.waitingUploads[0].length <= size);
    return [...alone, ...uploaded];
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    const events = batch.map(({ event }) => event);
    const outcomes = await this.storeBesideOthers(events);
    this.scheduleWrite();
    // Answers take longer than the database does: the next write is on its way before they are begun.
    await nextTurn();
    await this.announce(events, outcomes);
    this.unanswered -= batch.length;
    batch.forEach(({ settle }, item) => settle(outcomes[item]));
  }

  private async storeBesideOthers(events: readonly NewSyncEvent[]): Promise<(Recording | Error)[]> {
    this.writesUnderWay += 1;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.slowWrites += 1;
      this.scheduleWrite();
    }, SLOW_WRITE_MS);
    const outcomes = await this.store(events);
    clearTimeout(timer);
    if (isSlow) this.slowWrites -= 1;
    this.writesUnderWay -= 1;
    return outcomes;
  }

  /** Never rejects: gives an error in the place of each event that could not be stored. */
  private async store(events: readonly NewSyncEvent[], attempt = 1): Promise<(Recording | Error)[]> {
    try {
      return await this.syncEvents.record(events);
    } catch (error) {
      if (error instanceof WriteConflict && attempt < ATTEMPTS_AT_A_CONFLICT) {
        await delay(Math.random() * 20 * attempt);
        return this.store(events, attempt + 1);
      }
      if (error instanceof WriteRefused && events.length > 1) return this.storeHalves(events);
      if (error instanceof DatabaseUnavailable && attempt === 1) return this.storeNamedAgain(events, error);
      return events.map(() => error as Error);
    }
  }

  /** One event that the database refuses must not take its neighbours with it. */
  private async storeHalves(events: readonly NewSyncEvent[]): Promise<(Recording | Error)[]> {
    const middle = events.length >> 1;
    const first = await this.store(events.slice(0, middle));
    const second = await this.store(events.slice(middle));
    return [...first, ...second];
  }

  /**
   * A connection that broke may have broken after the commit. Events with an id of their own are safe
   * to send again; for the others only the device can decide.
   */
  private async storeNamedAgain(
    events: readonly NewSyncEvent[],
    lost: DatabaseUnavailable,
  ): Promise<(Recording | Error)[]> {
    const outcomes: (Recording | Error)[] = events.map(() => lost);
    const named = events.flatMap((event, item) => (event.eventId === null ? [] : [item]));
    if (named.length === 0) return outcomes;
    await delay(PAUSE_AFTER_A_LOST_CONNECTION_MS);
    const again = await this.store(
      named.map((item) => events[item]),
      2,
    );
    named.forEach((item, place) => (outcomes[item] = again[place]));
    return outcomes;
  }

  /**
   * Waits for the listeners. One that fails does not undo what is committed: telling the device to send
   * again would only double its event. What it left undone is the sweep's to repair.
   */
  private async announce(
    events: readonly NewSyncEvent[],
    outcomes: readonly (Recording | Error)[],
  ): Promise<void> {
    const recorded = outcomes.flatMap((outcome, item) =>
      outcome instanceof Error || outcome.outcome === 'conflict'
        ? []
        : [recordedEvent(events[item], outcome)],
    );
    if (recorded.length === 0) return;
    try {
      await this.domainEvents.emitAsync(SyncEventRecorded.eventName, new SyncEventRecorded(recorded));
    } catch (error) {
      const ids = recorded.map(({ id }) => id).join(', ');
      this.logger.error(`A listener of ${SyncEventRecorded.eventName} failed for events ${ids}`, error);
    }
  }
}

function queueIsFull(): Overloaded {
  return new Overloaded('Too many events are waiting to be stored.');
}

function recordedEvent(event: NewSyncEvent, recording: Recording): RecordedEvent {
  return {
    deviceId: event.deviceId,
    id: recording.id,
    failed: event.totalErrors > 0,
    repeated: recording.outcome === 'duplicate',
    streakBefore: recording.streakBefore,
    streakAfter: recording.streakAfter,
    wasSilent: recording.wasSilent,
  };
}
