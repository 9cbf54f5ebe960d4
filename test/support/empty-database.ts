import { randomUUID } from 'node:crypto';
import { Client, QueryResultRow } from 'pg';

/** A database without any migration, not even made yet where a test is about making it. */
export class EmptyDatabase {
  private constructor(
    readonly name: string,
    readonly url: string,
  ) {}

  static async create(): Promise<EmptyDatabase> {
    const database = EmptyDatabase.notYetMade();
    await onServer((server) => server.query(`CREATE DATABASE "${database.name}"`));
    return database;
  }

  static notYetMade(): EmptyDatabase {
    const name = `pisync_empty_${randomUUID()}`;
    const url = new URL(serverUrl());
    url.pathname = `/${name}`;
    return new EmptyDatabase(name, url.href);
  }

  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return connectedTo(this.url, async (client) => (await client.query<Row>(sql, values)).rows);
  }

  /** Runs `work` on one connection, for what lives in a session. */
  async session<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return connectedTo(this.url, work);
  }

  async drop(): Promise<void> {
    await onServer((server) => server.query(`DROP DATABASE IF EXISTS "${this.name}" WITH (FORCE)`));
  }
}

/** Runs `work` on the server the tests use, beside all their databases. */
export function onServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  return connectedTo(serverUrl(), work);
}

async function connectedTo<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = process.env.PISYNC_TEST_SERVER_URL;
  if (!url) throw new Error('PISYNC_TEST_SERVER_URL is not set: run the tests with "npm test".');
  return url;
}
