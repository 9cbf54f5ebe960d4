import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { LEASE_SECONDS } from './outbox-steps.js';
import { PrismaService } from './prisma.service.js';

/** A test that somebody waits for. */
export interface TestNotification {
  readonly id: number;
  readonly messageId: string;
  readonly createdAt: Date;
  /** Only who holds it may say how the test ended. */
  readonly leaseToken: string;
}

/** The tests of channels in the outbox: sent by who asks for them, not by the sender. */
@Injectable()
export class TestNotificationRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Writes a test down as already claimed, so that the sender does not send it, too, unless this process dies with
   * it. One statement: the channel is there when the test is.
   *
   * @returns undefined when there is no such channel
   */
  async begin(channelId: number): Promise<TestNotification | undefined> {
    const [row] = await asked(
      () => this.prisma.$queryRaw<
        { id: bigint; message_id: string; created_at: Date; lease_token: string }[]
      >`
        INSERT INTO notifications (
          channel_id, transition, facts, attempts, first_attempt_at, lease_token, leased_until, next_attempt_at
        )
        SELECT
          channels.id, 'test', '{}', 1, CURRENT_TIMESTAMP, gen_random_uuid(),
          CURRENT_TIMESTAMP + make_interval(secs => ${LEASE_SECONDS}::integer),
          CURRENT_TIMESTAMP + make_interval(secs => ${LEASE_SECONDS}::integer)
        FROM channels
        WHERE channels.id = ${channelId}::bigint
        RETURNING notifications.id, message_id, created_at, lease_token`,
    );
    return (
      row && {
        id: Number(row.id),
        messageId: row.message_id,
        createdAt: row.created_at,
        leaseToken: row.lease_token,
      }
    );
  }
}
