import pg from 'pg';
import { withConnection } from './connection.mjs';

/** Databases one may connect to while the wanted one is missing or must be dropped. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];

/** The second is what PostgreSQL says when somebody else creates it at the same moment. */
const ALREADY_EXISTS = ['42P04', '23505'];

export async function canConnectToDatabase(connection) {
  await withConnection(connection, (client) => client.query('SELECT 1'));
  return 'Connection successful';
}

/** Succeeds too if another process was first. */
export async function createDatabase(connection) {
  const name = pg.escapeIdentifier(connection.database);
  await beside(connection, `CREATE DATABASE ${name}`).catch((error) => {
    if (!ALREADY_EXISTS.includes(error.code)) throw error;
  });
  return `Database '${connection.database}' was successfully created.`;
}

export async function dropDatabase(connection) {
  await beside(
    connection,
    `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(connection.database)} WITH (FORCE)`,
  );
  return 'The database was successfully dropped.';
}

/** Runs one statement on the same server from another database. */
async function beside(connection, statement) {
  for (const database of MAINTENANCE_DATABASES) {
    try {
      return await withConnection({ ...connection, database }, (client) => client.query(statement));
    } catch (error) {
      const lastOne = database === MAINTENANCE_DATABASES.at(-1);
      if (error.code !== 'P1003' || lastOne) throw error;
    }
  }
}
