import { Client, QueryResultRow } from 'pg';

let made = 0;

const DEADLOCK = '40P01';

/** A migrated, empty database of one's own, cloned from the template in some tens of milliseconds. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    private readonly name: string,
    private readonly client: Client,
  ) {}

  static async create(): Promise<TestDatabase> {
    made += 1;
    const name = `pisync_test_${process.pid}_${process.env.JEST_WORKER_ID ?? 0}_${made}_${Date.now()}`;
    await onServer(`CREATE DATABASE ${name} TEMPLATE ${required('PISYNC_TEST_TEMPLATE')}`);
    const url = new URL(required('PISYNC_TEST_SERVER_URL'));
    url.pathname = `/${name}`;
    const client = new Client({ connectionString: url.href, options: '-c timezone=UTC' });
    // A test may restart the server under this connection; its next query tells.
    client.on('error', () => undefined);
    await client.connect();
    return new TestDatabase(url.href, name, client);
  }

  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows;
  }

  /** Empties all tables and starts their numbering anew. */
  async truncate(): Promise<void> {
    const tables = await this.query<{ name: string }>(
      `SELECT quote_ident(tables.tablename) AS name FROM pg_tables AS tables
       WHERE tables.schemaname = 'public' AND tables.tablename <> '_prisma_migrations'`,
    );
    if (tables.length === 0) return;
    // In one transaction: the audit log refuses to be emptied, and must go on refusing if this fails.
    const truncation = `
      ALTER TABLE audit_log DISABLE TRIGGER audit_log_is_append_only;
      TRUNCATE ${tables.map((table) => table.name).join(', ')} RESTART IDENTITY CASCADE;
      ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only`;
    // The service goes on working; it may hold one table and want the next while this wants the first.
    await this.query(truncation).catch((error: { code?: string }) => {
      if (error.code !== DEADLOCK) throw error;
      return this.query(truncation);
    });
    // The migrations put it there, and it is always there.
    await this.query(`INSERT INTO channels (kind, name) VALUES ('log', 'Log')`);
  }

  async drop(): Promise<void> {
    await this.client.end();
    await onServer(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }
}

async function onServer(sql: string): Promise<void> {
  const server = new Client({ connectionString: required('PISYNC_TEST_SERVER_URL') });
  await server.connect();
  try {
    await server.query(sql);
  } finally {
    await server.end();
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with "npm test".`);
  return value;
}
