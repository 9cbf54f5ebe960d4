import type { AuditDetails } from '../../database/audit.repository.js';
import type { Principal } from '../principal.js';

/** What `Audited` and `NotAudited` leave at a route. */
export const AUDITED = 'pisync:audited';

/** A past-tense fact about a kind of thing. */
export type AuditAction = `${string}.${string}`;

/** How one route is written down. */
export interface AuditedRoute<Answer = never> {
  readonly action: AuditAction;
  /** Of what was changed; where it is not given, the `:id` or `:device_id` of the path. */
  readonly id?: (answer: Answer, principal: Principal) => string | number | null;
  /** Fields of the body or the query that are written down with their values. They stand there for ever. */
  readonly shows?: readonly string[];
  /** Fields of which only the name is written down: secrets, addresses, what may be somebody's own. */
  readonly hides?: readonly string[];
  /** More of the answer that is no secret. */
  readonly adds?: (answer: Answer) => AuditDetails;
}

/** For a route that leaves no trace in the audit log. */
export interface UnauditedRoute {
  readonly because: string;
}
