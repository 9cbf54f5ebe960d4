import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionTo, withConnection } from './schema-engine/connection.mjs';

/** Prisma's own: https://pris.ly/d/migrate-advisory-locking. Nobody migrates while somebody rolls back. */
const MIGRATION_LOCK = 72707369;

/** As long as Prisma waits for it. */
const LOCK_TIMEOUT = '10s';

const UNDEFINED_TABLE = '42P01';
const LOCK_NOT_AVAILABLE = '55P03';

/** What stands in the way of a rollback, in words for the person at the terminal. */
export class RollbackRefused extends Error {}

/**
 * Takes back the migrations applied last, newest first, with the down.sql in each one's folder. Each
 * goes in a transaction of its own together with its row in `_prisma_migrations`: it is either gone, and
 * `prisma migrate deploy` will apply it again, or wholly there.
 *
 * @param {string} databaseUrl
 * @param {number} count how many, at least 1
 * @param {string} [folder] where the migrations are
 * @param {(name: string) => void} [onRolledBack] told of each migration once it is gone
 * @returns {Promise<string[]>} the names, newest first
 * @throws {RollbackRefused} before anything is touched, if fewer are applied, if one failed half way, if
 *   a folder or its down.sql is missing, or if migrations are being applied right now
 * @throws {Error} naming the migration whose down.sql PostgreSQL refused; those before it are gone
 */
export async function rollBack(
  databaseUrl,
  count,
  folder = join(import.meta.dirname, 'migrations'),
  onRolledBack = () => undefined,
) {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RollbackRefused('The number of migrations to roll back must be a whole number from 1 on.');
  }
  return withConnection(connectionTo(databaseUrl), async (client) => {
    await lockOutMigrations(client);
    const newest = await appliedLast(client, count);
    const scripts = newest.map(({ name }) => downScript(folder, name));
    for (const [index, { id, name }] of newest.entries()) {
      await takeBack(client, id, name, scripts[index]);
      onRolledBack(name);
    }
    return newest.map(({ name }) => name);
  });
}

/** Held by the session, so released with the connection. */
async function lockOutMigrations(client) {
  await client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  } catch (error) {
    if (error.code !== LOCK_NOT_AVAILABLE) throw error;
    throw new RollbackRefused('Migrations are being applied to this database right now; try again later.');
  }
}

async function appliedLast(client, count) {
  const { rows } = await client
    .query(
      `SELECT migrations.id, migrations.migration_name AS name, migrations.finished_at IS NULL AS failed
       FROM _prisma_migrations AS migrations
       WHERE migrations.rolled_back_at IS NULL
       ORDER BY migrations.started_at DESC, migrations.migration_name DESC`,
    )
    .catch((error) => {
      if (error.code === UNDEFINED_TABLE) return { rows: [] };
      throw error;
    });

  const failed = rows.find((row) => row.failed);
  if (failed) {
    throw new RollbackRefused(
      `Migration ${failed.name} failed half way; first say how that ended, with "npx prisma migrate resolve".`,
    );
  }
  if (rows.length < count) {
    throw new RollbackRefused(`Asked to roll back ${count}, but migrations applied: ${rows.length}.`);
  }
  return rows.slice(0, count);
}

function downScript(folder, name) {
  const file = join(folder, name, 'down.sql');
  if (!existsSync(join(folder, name))) {
    throw new RollbackRefused(
      `Migration ${name} is applied, but not in ${folder}: roll back with the version of the service that brought it.`,
    );
  }
  if (!existsSync(file)) throw new RollbackRefused(`Migration ${name} has no way back: ${file} is missing.`);
  return readFileSync(file, 'utf8');
}

async function takeBack(client, id, name, script) {
  await client.query('BEGIN');
  try {
    await client.query(script);
    await client.query('DELETE FROM _prisma_migrations AS migrations WHERE migrations.id = $1', [id]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`Rolling back ${name} failed, it is still applied: ${error.message}`, { cause: error });
  }
}
