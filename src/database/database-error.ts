import { DomainError } from '../domain/domain-error.js';

/** The database could not be reached, or the connection broke: whether a write happened is unknown. */
export class DatabaseUnavailable extends DomainError {
  readonly code = 'database_unavailable';
}

/** Rolled back to let another transaction through (deadlock, serialization): safe to repeat. */
export class WriteConflict extends DomainError {
  readonly code = 'write_conflict';
}

/** A value or a constraint refused the write; the same write would be refused again. */
export class WriteRefused extends DomainError {
  readonly code = 'write_refused';
}

/**
 * SQLSTATE classes, from the appendix "PostgreSQL Error Codes" of its manual: 08 connection, 53
 * resources, 57P shutdown and crash, 57014 statement timeout, 58 system, 25006 read-only (a primary that
 * became a standby).
 */
const UNAVAILABLE = /^(08|53|57P|57014|58|25006)/;
const CONFLICT = /^(40001|40P01|55P03)/;
/** 22 data, 23 integrity, P0001 raised by a trigger. */
const REFUSED = /^(22|23|P0001)/;

/** What the pg adapter makes of an error it has a name for, by that name. */
const UNAVAILABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);

/** Runs a repository's query; what it fails with leaves the repository with its meaning. */
export async function asked<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Gives a database error its meaning. An error that is none of these is returned as it is. */
function translateDatabaseError(error: unknown): unknown {
  const { code, kind, text } = describe(error);
  if (CONFLICT.test(code) || kind === 'TransactionWriteConflict') {
    return new WriteConflict('The write met another one and was rolled back.', { cause: error });
  }
  if (UNAVAILABLE.test(code) || UNAVAILABLE_KINDS.has(kind) || soundsLikeALostConnection(text)) {
    return new DatabaseUnavailable('The database is not reachable at the moment.', { cause: error });
  }
  if (REFUSED.test(code)) {
    return new WriteRefused('The database refused the values of this write.', { cause: error });
  }
  return error;
}

/**
 * node-postgres gives several connection errors a text and no code, and Prisma one code to all that goes wrong with a
 * transaction, such as one that took too long.
 */
function soundsLikeALostConnection(text: string): boolean {
  return /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|server closed the connection|unable to start a transaction|transaction not found|transaction already closed/i.test(
    text,
  );
}

interface Described {
  code: string;
  kind: string;
  text: string;
}

/** Looks through the layers (Prisma's error, the adapter's, the driver's) for SQLSTATE, kind and text. */
function describe(error: unknown): Described {
  const described: Described = { code: '', kind: '', text: '' };
  let layer: unknown = error;
  for (let depth = 0; depth < 6 && typeof layer === 'object' && layer !== null; depth += 1) {
    const fields = layer as Record<string, unknown>;
    const meta = fields.meta as Record<string, unknown> | undefined;
    described.code ||= sqlState(fields.originalCode) || sqlState(meta?.code) || sqlState(fields.code);
    described.kind ||= typeof fields.kind === 'string' ? fields.kind : '';
    described.text += ` ${String(fields.message ?? '')} ${String(fields.originalMessage ?? '')}`;
    layer = fields.cause ?? meta?.driverAdapterError;
  }
  return described;
}

function sqlState(value: unknown): string {
  return typeof value === 'string' && /^[0-9A-Z]{5}$/.test(value) && !/^P2\d/.test(value) ? value : '';
}
