import { Injectable, Logger } from '@nestjs/common';
import { AuditDetails, AuditEntry, AuditQuery, AuditRepository } from '../../database/audit.repository.js';
import { Clock } from '../../domain/clock.js';
import type { Principal } from '../principal.js';
import type { AuditAction } from './audited-route.js';

/** Who did something. */
export interface Actor {
  readonly actor: string;
  readonly actorName: string;
}

/** Whoever can run commands on the machine; which of them the machine knows. */
export const COMMAND_LINE: Actor = { actor: 'command-line', actorName: 'command line' };

export interface Deed {
  readonly by: Actor;
  readonly action: AuditAction;
  readonly resourceId: string;
  readonly details: AuditDetails;
  readonly requestId: string | null;
}

export function actorOf({ keyId, name }: Principal): Actor {
  return { actor: keyId ?? name, actorName: name };
}

/**
 * Writes down what was done, and reads it again.
 *
 * The entry is written when the change has been committed, and before the answer leaves: who has the answer knows
 * that it stands in the log. It is a transaction of its own, for a change may be several of them, or a message to
 * somebody else's server. So a crash between the two, which is a matter of milliseconds, leaves a change without an
 * entry: nobody got an answer to it, the service's log has its line, and the changed row has its times (of a key
 * its maker, too). Where the database goes away in between, the request is answered with 503 although the change
 * stands, and the entry goes to the service's log. Never is there an entry for what was not done.
 */
@Injectable()
export class AuditTrailService {
  private readonly logger = new Logger(AuditTrailService.name);

  constructor(
    private readonly entries: AuditRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws DatabaseUnavailable */
  async record({ by, action, ...deed }: Deed): Promise<void> {
    const [resource] = action.split('.', 1);
    const entry = { at: this.clock.now(), ...by, action, resource, ...deed };
    try {
      await this.entries.append(entry);
    } catch (error) {
      this.logger.error({ message: 'Done, and not in the audit log', ...entry });
      throw error;
    }
  }

  newestFirst(query: AuditQuery): Promise<AuditEntry[]> {
    return this.entries.newestFirst(query);
  }
}
