import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** Of a field that was given: its value, where that may be kept. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface NewAuditEntry {
  readonly at: Date;
  readonly actor: string;
  readonly actorName: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly details: AuditDetails;
  readonly requestId: string | null;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
}

export interface AuditQuery {
  readonly actor?: string;
  readonly action?: string;
  /** Half-open. */
  readonly from?: Date;
  readonly to?: Date;
  /** Only entries older than this one. */
  readonly before?: { readonly at: Date; readonly id: number };
  readonly limit: number;
}

@Injectable()
export class AuditRepository {
  constructor(private readonly prisma: PrismaService) {}

  async append({ details, ...entry }: NewAuditEntry): Promise<void> {
    await asked(() =>
      this.prisma.auditEntry.create({
        data: { ...entry, details: details as Prisma.InputJsonObject },
        select: { id: true },
      }),
    );
  }

  /**
   * Of one moment the later written first. The place to go on from is compared as a row, which is one step on an
   * index; Prisma would make an OR of it, which is none.
   */
  async newestFirst({ actor, action, from, to, before, limit }: AuditQuery): Promise<AuditEntry[]> {
    const conditions = [Prisma.sql`TRUE`];
    if (actor !== undefined) conditions.push(Prisma.sql`audit_log.actor = ${actor}`);
    if (action !== undefined) conditions.push(Prisma.sql`audit_log.action = ${action}`);
    if (from) conditions.push(Prisma.sql`audit_log.at >= ${from.toISOString()}::timestamptz`);
    if (to) conditions.push(Prisma.sql`audit_log.at < ${to.toISOString()}::timestamptz`);
    if (before) {
      conditions.push(
        Prisma.sql`(audit_log.at, audit_log.id) < (${before.at.toISOString()}::timestamptz, ${before.id}::bigint)`,
      );
    }
    const rows = await asked(
      () => this.prisma.$queryRaw<(NewAuditEntry & { id: bigint })[]>`
        SELECT
          audit_log.id, audit_log.at, audit_log.actor, audit_log.actor_name AS "actorName", audit_log.action,
          audit_log.resource, audit_log.resource_id AS "resourceId", audit_log.details,
          audit_log.request_id AS "requestId"
        FROM audit_log
        WHERE ${Prisma.join(conditions, ' AND ')}
        ORDER BY audit_log.at DESC, audit_log.id DESC
        LIMIT ${limit}::integer`,
    );
    return rows.map((row) => ({ ...row, id: Number(row.id) }));
  }
}
