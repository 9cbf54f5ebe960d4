import pg from 'pg';

/** PostgreSQL's internal one-byte type "char", which its catalogs are full of, and `text`. */
const CATALOG_CHAR = 18;
const TEXT = 25;

/**
 * A pool in name only: every query runs in one session. Prisma holds its advisory lock in the
 * session that took it; a pool would leave that session after the first error.
 */
export class SingleSession extends pg.Pool {
  #client;
  #charColumns = new WeakMap();

  async query(query) {
    this.#client ??= this.connect();
    const client = await this.#client;
    const result = await client.query(query);
    if (!Array.isArray(result)) this.#disguiseChars(result); // An array answers several statements.
    return result;
  }

  /** Numbers of the columns of type "char" in a result of `query`, told by its rows. */
  charColumns(rows) {
    return this.#charColumns.get(rows) ?? [];
  }

  async connect() {
    const client = await super.connect();
    client.on('error', () => undefined); // The query under way rejects; without a listener Node would exit first.
    return client;
  }

  async end() {
    const client = await this.#client?.catch(() => undefined);
    client?.release(true);
    await super.end();
  }

  /** adapter-pg refuses a whole result over one column of a type it does not know. */
  #disguiseChars({ fields = [], rows }) {
    const chars = fields.filter(({ dataTypeID }) => dataTypeID === CATALOG_CHAR);
    if (chars.length === 0) return;
    this.#charColumns.set(
      rows,
      chars.map((field) => fields.indexOf(field)),
    );
    for (const field of chars) field.dataTypeID = TEXT;
  }
}
