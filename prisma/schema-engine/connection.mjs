import pg from 'pg';

const PROTOCOLS = ['postgresql:', 'postgres:'];

/**
 * What the driver needs to reach the database of a URL, field by field: a shadow database is opened
 * by replacing `database` in this object, which a connection string would overrule.
 *
 * `?schema=` is Prisma's own parameter: the schema that unqualified names mean.
 *
 * @throws an error with Prisma's code P1013, which does not repeat the URL, if it is not one of PostgreSQL
 */
export function connectionTo(url) {
  if (!URL.canParse(url) || !PROTOCOLS.includes(new URL(url).protocol)) {
    const message =
      'The database URL is invalid: it must look like postgresql://user:password@host:5432/database.';
    throw Object.assign(new Error(message), { code: 'P1013' });
  }
  const { host, port, user, password, database, ssl, connectionParameters } = new pg.Client({
    connectionString: url,
  });
  const schema = new URL(url).searchParams.get('schema') ?? undefined;
  const searchPath = schema && `-c search_path=${pg.escapeIdentifier(schema).replaceAll(/[\\ ]/g, '\\$&')}`;
  const options = [connectionParameters.options, searchPath].filter(Boolean).join(' ') || undefined;

  return { host, port, user, password, database, ssl, options, schema, connectionTimeoutMillis: 10_000 };
}

/**
 * Opens one connection, hands it to `work`, and closes it whatever happens.
 *
 * @throws an error with a code of Prisma's (P1001, ...) if the database cannot be reached
 */
export async function withConnection(connection, work) {
  const client = new pg.Client(connection);
  client.on('error', () => undefined); // The query under way rejects; without a listener Node would exit first.
  try {
    await client.connect().catch((error) => {
      throw inPrismasWords(error, connection);
    });
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * The CLI acts on the code: after P1003 it creates the database.
 * Codes: https://www.prisma.io/docs/orm/reference/error-reference
 */
function inPrismasWords(error, { host, port, user, database }) {
  const server = `\`${host}:${port}\``;
  const prismaError = (code, message) => Object.assign(new Error(message, { cause: error }), { code });

  switch (error.code) {
    case '3D000':
      return prismaError(
        'P1003',
        `Database \`${database}\` does not exist on the database server at ${server}.`,
      );
    case '28P01':
      return prismaError(
        'P1000',
        `Authentication failed at ${server}: the credentials for \`${user}\` are not valid.`,
      );
    case '28000':
    case '42501':
      return prismaError(
        'P1010',
        `User \`${user}\` was denied access on the database \`${database}\`: ${error.message}`,
      );
  }
  if (/SSL|CERT|certificate/.test(`${error.code} ${error.message}`)) {
    return prismaError('P1011', `Error opening a TLS connection to ${server}: ${error.message}`);
  }
  // An AggregateError (one failure per address of a host name) has no message of its own.
  return prismaError('P1001', `Can't reach database server at ${server}: ${error.message || error.code}`);
}
