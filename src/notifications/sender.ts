import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { Config } from '../config/config.js';
import { DigestRepository } from '../database/digest.repository.js';
import { OutboxRepository } from '../database/outbox.repository.js';
import type { ClaimedNotification, Outcome } from '../database/outbox.row.js';
import { OutcomeRepository } from '../database/outcome.repository.js';
import { Courier } from './courier.js';
import { Lane } from './lane.js';
import { sendingStep } from './sending.rule.js';

/** How late a retry, or the work of a killed process, may be noticed. One question that reads the index. */
const POLL_MS = 1_000;

/** At a stop, receivers that answer get to answer; what the others are asked, another process asks again. */
const STOP_PATIENCE_MS = 5_000;

/**
 * Sends what the outbox owes, any number of replicas side by side. Turns come one after the other, each writing down
 * what has ended and claiming what there is room for; the sends themselves wait for nobody, so that one bad receiver
 * delays only its own messages.
 */
@Injectable()
export class Sender implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Notifications');
  private readonly inFlight = new Set<Promise<void>>();
  private readonly lanes = new Map<number, Lane>();
  private readonly ended: Outcome[] = [];
  private readonly giveUp = new AbortController();
  private timer?: NodeJS.Timeout;
  private turns?: Promise<void>;
  private isAwake = false;
  private isStopping = false;
  private isFailing = false;

  constructor(
    private readonly config: Config,
    private readonly outbox: OutboxRepository,
    private readonly outcomes: OutcomeRepository,
    private readonly digests: DigestRepository,
    private readonly courier: Courier,
  ) {
    // One for each send under way, of which every channel may have two.
    setMaxListeners(0, this.giveUp.signal);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.wake(), POLL_MS);
    this.timer.unref();
    this.wake();
  }

  /** There may be something to send. Cheap, however often. */
  wake(): void {
    this.isAwake = true;
    this.turns ??= this.takeTurns().finally(() => {
      this.turns = undefined;
      // Woken in between.
      if (this.isAwake) this.wake();
    });
  }

  /** Claims nothing more, and ends what is under way. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.isStopping = true;
    await this.turns;
    const patience = setTimeout(() => this.giveUp.abort(), STOP_PATIENCE_MS);
    await Promise.all(this.inFlight);
    clearTimeout(patience);
    this.wake();
    await this.turns;
  }

  private async takeTurns(): Promise<void> {
    // The caller's own work first: those who wake it are about to answer somebody.
    await new Promise(setImmediate);
    while (this.isAwake) {
      this.isAwake = false;
      try {
        await this.takeTurn();
        if (this.isFailing) this.logger.log('Notifications are sent again.');
        this.isFailing = false;
      } catch (error) {
        // Told once, or an outage of the database would fill the log.
        if (!this.isFailing)
          this.logger.error('Notifications cannot be sent; tried again every second', error);
        this.isFailing = true;
        this.isAwake = false;
      }
    }
  }

  private async takeTurn(): Promise<void> {
    await this.writeDown();
    if (this.isStopping) return;
    const claimedAt = performance.now();
    const rooms = [...this.lanes].map(([id, { room }]) => ({ id, room }));
    const claim = await this.outbox.claim(rooms, this.config.alertDigestOver, sendingStep);
    for (const notification of claim.claimed) this.dispatch(notification, claimedAt);
    let hasDigest = false;
    for (const channelId of claim.storms) hasDigest = (await this.digests.sumUp(channelId)) || hasDigest;
    if (hasDigest || claim.moved) this.isAwake = true;
  }

  private dispatch(notification: ClaimedNotification, claimedAt: number): void {
    const sending = this.laneTo(notification.channel.id)
      .take(async () =>
        this.isStopping
          ? this.courier.giveBack(notification)
          : this.courier.send(notification, claimedAt, this.giveUp.signal),
      )
      .then((outcome) => {
        this.ended.push(outcome);
        this.inFlight.delete(sending);
        this.wake();
      });
    this.inFlight.add(sending);
  }

  private laneTo(channelId: number): Lane {
    const lane = this.lanes.get(channelId) ?? new Lane();
    this.lanes.set(channelId, lane);
    return lane;
  }

  /** What the database did not take is kept for the next turn, so that nothing is sent twice for an outage. */
  private async writeDown(): Promise<void> {
    const outcomes = this.ended.splice(0);
    if (outcomes.length === 0) return;
    try {
      const recorded = new Set(await this.outcomes.record(outcomes));
      const late = outcomes.filter(({ id }) => !recorded.has(id)).map(({ id }) => id);
      if (late.length > 0)
        this.logger.warn(`Notifications ${late.join(', ')} were taken over by another process meanwhile.`);
    } catch (error) {
      this.ended.push(...outcomes);
      throw error;
    }
  }
}
