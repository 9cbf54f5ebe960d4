import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import { SingleSession } from './single-session.mjs';

/**
 * Connections of adapter-pg for the schema engine. As it comes, adapter-pg 7.10 serves queries; for
 * migrations and for reading PostgreSQL's catalogs it needs the corrections below.
 */
export class MigrationAdapters {
  provider = 'postgres';
  adapterName = '@prisma/adapter-pg';
  #connection;
  #open = new Set();

  /** @param connection fields of `connectionTo(url)` */
  constructor(connection) {
    this.#connection = connection;
  }

  connect() {
    return this.#connectTo(this.#connection);
  }

  /** An empty database of its own beside the main one, dropped when the engine has done with it. */
  async connectToShadowDb() {
    const database = `prisma_migrate_shadow_db_${randomUUID()}`;
    const main = await this.connect();
    await main.executeScript(`CREATE DATABASE "${database}"`);
    // adapter-pg itself drops first and closes afterwards, which PostgreSQL refuses.
    return this.#connectTo({ ...this.#connection, database }, async () => {
      await main.executeScript(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
      await main.dispose();
    });
  }

  /** Closes what is still open; a shadow database that an interrupted command left is dropped. */
  async disposeAll() {
    for (const adapter of [...this.#open].reverse()) await adapter.dispose();
  }

  async #connectTo({ schema, ...connection }, afterwards = async () => undefined) {
    const session = new SingleSession(connection);
    const adapter = await new PrismaPg(session, { schema, disposeExternalPool: true }).connect();
    if (adapter.underlyingDriver() !== session)
      throw new Error('Two copies of pg are installed; run npm dedupe.');

    runScriptsWhole(adapter, session);
    tellChars(adapter, session);
    const close = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      if (!this.#open.delete(adapter)) return;
      await close();
      await afterwards();
    };
    this.#open.add(adapter);
    return adapter;
  }
}

/**
 * adapter-pg cuts scripts at every semicolon, those inside function bodies and strings included. Sent
 * as one message they are also one transaction: a migration that fails leaves nothing half done.
 */
function runScriptsWhole(adapter, session) {
  adapter.executeScript = async (script) => {
    try {
      await session.query(script);
    } catch (error) {
      if (error.severity === undefined) adapter.onError(error); // Not PostgreSQL's: the connection's.
      const { severity, detail, hint } = error;
      // Without its code: those it knows, the engine words anew, and worse.
      const known = { code: 'N/A', severity, detail, hint, message: explain(error, script) };
      throw new DriverAdapterError({ kind: 'postgres', ...known });
    }
  };
}

/** PostgreSQL counts characters up to where it stumbled; a person looks for the line. */
function explain({ message, code, position }, script) {
  const line = position && `, line ${script.slice(0, Number(position)).split('\n').length} of the script`;
  return `${message} (SQLSTATE ${code}${line ?? ''})`;
}

/** The engine reads kinds of constraints and of referential actions as characters, not as text. */
function tellChars(adapter, session) {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const column of session.charColumns(result.rows))
      result.columnTypes[column] = ColumnTypeEnum.Character;
    return result;
  };
}
