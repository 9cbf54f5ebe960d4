import pg from 'pg';

/** A statement as the service hands it to the driver. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/**
 * What the service, in this process, sends to PostgreSQL while `action` runs: taken from the driver's own
 * hands, so that it cannot drift from the repositories' SQL.
 */
export async function statementsSentBy(action: () => Promise<unknown>): Promise<Statement[]> {
  const sent: Statement[] = [];
  const prototype = pg.Client.prototype as { query: (...given: unknown[]) => unknown };
  const query = prototype.query;
  prototype.query = function (...given: unknown[]) {
    const [statement, values] = given as [string | Partial<Statement>, unknown[] | undefined];
    if (typeof statement === 'string') sent.push({ text: statement, values: values ?? [] });
    else sent.push({ text: statement.text ?? '', values: values ?? statement.values ?? [] });
    return query.apply(this, given);
  };
  try {
    await action();
  } finally {
    prototype.query = query;
  }
  return sent.filter(({ text }) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text));
}
