import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** A session as it is checked. */
export interface VerifiableSession {
  readonly id: string;
  readonly secretSha256: Uint8Array;
  /** The key that it was opened with, which is checked each time, too. */
  readonly keyId: string;
  readonly expiresAt: Date;
}

export interface NewSession {
  readonly id: string;
  readonly secretSha256: Uint8Array<ArrayBuffer>;
  readonly keyId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

@Injectable()
export class SessionRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Keeps a session, takes away those that have ended, whoever's, and the oldest of this key beyond `most`: a
   * program that logs in with each request must not fill the table.
   *
   * @param most sessions of one key, this one among them; of several that begin at once some may go beyond it
   */
  async open(session: NewSession, most: number): Promise<void> {
    const { keyId, createdAt } = session;
    await asked(() => this.prisma.session.create({ data: session }));
    await asked(
      () => this.prisma.$executeRaw`
        DELETE FROM sessions
        WHERE sessions.id IN (
          SELECT ended.id FROM sessions AS ended
          WHERE ended.expires_at <= ${createdAt.toISOString()}::timestamptz
          UNION ALL
          (
            SELECT older.id FROM sessions AS older
            WHERE older.key_id = ${keyId}
            ORDER BY older.created_at DESC, older.id DESC
            OFFSET ${most}::integer
          )
        )`,
    );
  }

  /** What is needed to check the sessions of these ids; ids that no session has are left out. */
  verifiable(ids: string[]): Promise<VerifiableSession[]> {
    return asked(() =>
      this.prisma.session.findMany({ where: { id: { in: ids } }, omit: { createdAt: true } }),
    );
  }

  /** A session that is gone already is as good. */
  async close(id: string): Promise<void> {
    await asked(() => this.prisma.session.deleteMany({ where: { id } }));
  }
}
