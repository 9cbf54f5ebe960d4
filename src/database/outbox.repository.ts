import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { candidates, Claimer, freeIn } from './outbox-candidates.js';
import { drop, lease, markPassed, postpone, stepsOf } from './outbox-steps.js';
import { Candidate, CandidateStep, ClaimedNotification } from './outbox.row.js';
import { PrismaService } from './prisma.service.js';

/** A claim is some index reads; on a machine in need it still ends before its lease means nothing. */
const CLAIM_WITHIN_MS = 10_000;

export interface Claim {
  readonly claimed: ClaimedNotification[];
  /** Channels with so many untold transitions that they want a digest. */
  readonly storms: number[];
  /** Others than those claimed were moved out of the way: those behind them may be due. */
  readonly moved: boolean;
}

/**
 * The outbox, as the sender sees it. Only the database's clock counts: those of the replicas may differ by more than
 * a lease.
 */
@Injectable()
export class OutboxRepository {
  /** This process, among those that hold leases. */
  private readonly id = randomUUID();

  constructor(private readonly prisma: PrismaService) {}

  /**
   * Claims what `judge` lets be sent, in the order it is due, for as long as its channel has room.
   *
   * The channels' locks make replicas take turns at each channel, without waiting for one another. The lock is a
   * statement of its own: those that count what is in flight must see what the holder before committed. `now()` is
   * the start of the transaction, so that a lease ends no later than this process thinks. Asked every second at
   * least; where nothing is due, it reads one index entry a channel.
   *
   * @param rooms how many of a channel this process may hold, if not two: it sends two of them at a time
   * @param digestOver untold transitions, or transitions in the last minute, that make a storm; 0: none does
   */
  async claim(
    rooms: Claimer['rooms'],
    digestOver: number,
    judge: (candidate: Candidate) => CandidateStep,
  ): Promise<Claim> {
    const claimer = { id: this.id, rooms };
    return asked(() =>
      this.prisma.$transaction(
        async (transaction) => {
          const locked = await transaction.$queryRaw<{ id: bigint }[]>`
            SELECT channels.id FROM channels
            WHERE channels.enabled
              -- Not EXISTS, which might look for it among all that was ever delivered.
              AND (
                SELECT first.next_attempt_at FROM notifications AS first
                WHERE first.channel_id = channels.id AND first.status = 'pending'
                ORDER BY first.next_attempt_at, first.id
                LIMIT 1
              ) <= CURRENT_TIMESTAMP(3)
              AND ${freeIn(Prisma.sql`channels`, claimer)} > 0
            FOR NO KEY UPDATE OF channels SKIP LOCKED`;
          if (locked.length === 0) return { claimed: [], storms: [], moved: false };
          const rows = await candidates(
            transaction,
            locked.map(({ id }) => Number(id)),
            digestOver,
            claimer,
          );
          const steps = stepsOf(rows, judge);
          await drop(transaction, steps.drop);
          await markPassed(transaction, steps.pass);
          await postpone(transaction, steps.wait);
          return {
            claimed: await lease(transaction, this.id, dueAmong([...steps.send, ...steps.pass])),
            storms: [...new Set(rows.filter((row) => row.is_storm).map((row) => Number(row.channel_id)))],
            moved: steps.drop.length + steps.wait.length > 0,
          };
        },
        { timeout: CLAIM_WITHIN_MS },
      ),
    );
  }

  /**
   * Claims what these alerts owe the log, in one statement, for the process that has just changed them. What needs
   * judging (an opening that was left untold, say) it leaves to the sender, for whom it is due in some seconds.
   */
  async claimForLog(alertIds: readonly number[]): Promise<ClaimedNotification[]> {
    const owed = Prisma.sql`
      SELECT owed.id
      FROM notifications AS owed
      JOIN channels AS log ON log.id = owed.channel_id AND log.kind = 'log' AND log.enabled
      JOIN alerts ON alerts.device_id = owed.device_id AND alerts.id = owed.alert_id
      WHERE owed.alert_id = ANY(${[...alertIds]}::bigint[])
        AND owed.status = 'pending'
        AND owed.first_attempt_at IS NULL
        AND (owed.transition <> 'opened' OR alerts.resolved_at IS NULL)
        AND (owed.transition <> 'reminder' OR alerts.status = 'open')
        AND (owed.transition = 'opened' OR NOT EXISTS (
          SELECT 1 FROM notifications AS opening
          WHERE opening.alert_id = owed.alert_id
            AND opening.channel_id = owed.channel_id
            AND opening.transition = 'opened'
            AND opening.status = 'pending'
        ))
      FOR UPDATE OF owed SKIP LOCKED`;
    return asked(() => lease(this.prisma, this.id, owed));
  }
}

/** Those that nobody else has finished, or is finishing, since they were looked at. */
function dueAmong(ids: readonly number[]): Prisma.Sql {
  return Prisma.sql`
    SELECT due.id
    FROM notifications AS due
    WHERE due.id = ANY(${[...ids]}::bigint[])
      AND due.status = 'pending'
      AND due.next_attempt_at <= CURRENT_TIMESTAMP(3)
    FOR UPDATE SKIP LOCKED`;
}
