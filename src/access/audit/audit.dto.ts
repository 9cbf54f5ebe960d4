import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { AuditEntry } from '../../database/audit.repository.js';
import { IsPlainText } from '../../http/is-plain-text.decorator.js';
import { IsTimestamp } from '../../http/is-timestamp.decorator.js';
import { PageQuery } from '../../http/page.query.dto.js';

export class AuditLogQuery extends PageQuery {
  /**
   * Only what this key did, by its public id; `local` and `command-line` are actors, too.
   * @example k3v9q0x1m7p2c5d8
   */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  @IsPlainText()
  actor?: string;

  /**
   * Only actions of this kind; `x-audit` of an operation is its name.
   * @example key.revoked
   */
  @IsOptional()
  @Matches(/^[a-z_]{1,40}\.[a-z_]{1,40}$/, { message: 'must be an action, like key.revoked' })
  action?: string;

  /**
   * From this time on.
   * @example 2026-05-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /**
   * Before this time.
   * @example 2026-06-01T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

/** Something that somebody did. */
export class AuditEntryDto {
  /** @example 412 */
  id: number;

  /** When it had been done, by the server's clock. */
  at: Date;

  /**
   * Public id of the key that asked for it; `local` where AUTH_MODE=off, `command-line` for `npm run keys`.
   * @example k3v9q0x1m7p2c5d8
   */
  actor: string;

  /**
   * What people called the key then.
   * @example Amina, Nairobi office
   */
  actor_name: string;

  /**
   * What was done.
   * @example key.revoked
   */
  action: string;

  /**
   * The kind of thing that it was done to: the first half of the action.
   * @example key
   */
  resource: string;

  /**
   * Which one.
   * @example w2n7c4t9r1y6b3z8
   */
  resource_id: string;

  /** The fields that were given; `(not shown)` instead of what is secret or somebody's own. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { enabled: false, url: '(not shown)' },
  })
  details: object;

  /** Finds the request in the service's log; null for the command line. */
  request_id: string | null;
}

export function auditEntryDto(entry: AuditEntry): AuditEntryDto {
  return {
    id: entry.id,
    at: entry.at,
    actor: entry.actor,
    actor_name: entry.actorName,
    action: entry.action,
    resource: entry.resource,
    resource_id: entry.resourceId,
    details: entry.details,
    request_id: entry.requestId,
  };
}
