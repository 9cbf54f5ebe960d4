import { canConnectToDatabase, createDatabase } from './database-commands.mjs';
import { createEngine } from './wasm-engine.mjs';

/** Methods of the WebAssembly engine that the CLI calls by the same name. */
const SAME_NAME = [
  'applyMigrations',
  'createMigration',
  'dbExecute',
  'debugPanic',
  'devDiagnostic',
  'diagnoseMigrationHistory',
  'diff',
  'ensureConnectionValidity',
  'introspect',
  'introspectSql',
  'markMigrationApplied',
  'markMigrationRolledBack',
  'reset',
  'schemaPush',
];

/**
 * What the engine answers over RPC. It is made at the first call: making it connects, and the CLI
 * starts engines that it then asks nothing.
 *
 * @param datamodels pairs of path and text, or undefined where the command needs no schema
 * @param adapters the way to the database, or to none
 * @param connection fields of `connectionTo(url)`, or undefined without a datasource
 */
export function engineMethods(datamodels, adapters, connection) {
  let callEngine;
  const open = async () => {
    // The engine's own answer to an unreachable database carries no code for the CLI to act on.
    if (connection) await canConnectToDatabase(connection);
    return createEngine(datamodels, adapters);
  };
  const call = (method) => async (params) => {
    callEngine ??= await open();
    return callEngine(method, params);
  };

  return {
    ...Object.fromEntries(SAME_NAME.map((method) => [method, call(method)])),
    // This one forgets to ask for a shadow database and only succeeds if the engine still remembers the
    // schema that the migrations make. On a database where `migrate dev` has just run the first
    // migration it does not; the diagnosis reminds it.
    evaluateDataLoss: async (params) => {
      const { migrationsList, filters } = params;
      await call('devDiagnostic')({ migrationsList, filters });
      return call('evaluateDataLoss')(params);
    },
    getDatabaseVersion: call('version'),
    createDatabase: async () => {
      await createDatabase(connection);
      return { databaseName: connection.database };
    },
  };
}
