import { Client } from 'pg';

interface ServerFacts {
  fsync: string;
  full_page_writes: string;
  synchronous_commit: string;
  is_superuser: boolean;
  has_admin_key: boolean;
}

export interface StartChecks {
  /** Whether the server and the role have to be fit for other people's data. */
  readonly isProduction: boolean;
  /** Whether requests need a key, so that without one nobody could do anything. */
  readonly needsKeys: boolean;
}

/**
 * What about a database, which answers and is migrated, stands against starting on it: one line a problem, by
 * the variable that is to be changed.
 */
export async function databaseProblems(databaseUrl: string, checks: StartChecks): Promise<string[]> {
  if (!checks.isProduction && !checks.needsKeys) return [];
  const facts = await serverFacts(databaseUrl);
  const problems: string[] = [];
  if (checks.needsKeys && !facts.has_admin_key) {
    problems.push(
      'AUTH_MODE is on, and the database has no valid key of an admin. ' +
        'Make the first one: npm run keys -- create --role admin --name "your name"',
    );
  }
  if (!checks.isProduction) return problems;
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (facts[setting] === 'off') {
      problems.push(
        `DATABASE_URL leads to a PostgreSQL with ${setting}=off, which may lose what it has confirmed; set it to on`,
      );
    }
  }
  if (facts.is_superuser) {
    problems.push(
      'DATABASE_URL names a superuser, who may do anything on that server; make a role of its own for PiSync',
    );
  }
  return problems;
}

async function serverFacts(databaseUrl: string): Promise<ServerFacts> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // The same failure also rejects connect() or query().
  try {
    await client.connect();
    const { rows } = await client.query<ServerFacts>(
      `SELECT
         current_setting('fsync') AS fsync,
         current_setting('full_page_writes') AS full_page_writes,
         current_setting('synchronous_commit') AS synchronous_commit,
         (SELECT pg_roles.rolsuper FROM pg_roles WHERE pg_roles.rolname = current_user) AS is_superuser,
         EXISTS (
           SELECT FROM access_keys
           WHERE access_keys.role = 'admin' AND access_keys.revoked_at IS NULL
             AND (access_keys.expires_at IS NULL OR access_keys.expires_at > now())
         ) AS has_admin_key`,
    );
    return rows[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}
