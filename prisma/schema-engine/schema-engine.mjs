#!/usr/bin/env node
// Prisma's schema engine as an executable, made of the WebAssembly build of the same engine. Prisma's
// CLI starts it in place of the native one, which it would have to download; prisma.config.ts points
// it here. See docs/decisions/0001-prisma-offline-schema-engine.md.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { connectionTo } from './connection.mjs';
import { canConnectToDatabase, createDatabase, dropDatabase } from './database-commands.mjs';
import { engineMethods } from './engine-methods.mjs';
import { MigrationAdapters } from './migration-adapter.mjs';
import { NoDatabase } from './no-database.mjs';
import { serve } from './rpc.mjs';
import { engineCommit } from './wasm-engine.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false, // The CLI also passes options that mean nothing here.
  options: {
    datasource: { type: 'string' },
    datamodels: { type: 'string', multiple: true },
    version: { type: 'boolean', short: 'V' },
  },
});

// The CLI reads every line of our stderr as JSON; Node would write its warnings in between as they are.
process.removeAllListeners('warning').on('warning', ({ message }) => logLine('WARN', { message }));

const [group, name] = positionals;
if (options.version) console.log(`schema-engine-cli ${await engineCommit()}`);
else if (group === 'cli') process.exitCode = await runDatabaseCommand(name);
else await serveRequests();

function connection() {
  const { url } = JSON.parse(options.datasource ?? '{}');
  return url ? connectionTo(url) : undefined;
}

/** `cli can-connect-to-database` and its like: one deed, told by exit code and log line. */
async function runDatabaseCommand(name) {
  const command = {
    'can-connect-to-database': canConnectToDatabase,
    'create-database': createDatabase,
    'drop-database': dropDatabase,
  }[name];
  // The CLI skips the first line, which in the native engine says that it starts.
  logLine('INFO', { message: 'Starting schema engine CLI' });
  try {
    if (!command) throw new Error(`Unknown command: ${name}`);
    logLine('INFO', { message: await command(connection()) });
    return 0;
  } catch ({ message, code }) {
    logLine('ERROR', { is_panic: false, message, error_code: code });
    return 1;
  }
}

function logLine(level, fields) {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

async function serveRequests() {
  const target = connection();
  const adapters = target ? new MigrationAdapters(target) : new NoDatabase();
  let stopping;
  const stop = () => (stopping ??= adapters.disposeAll().finally(() => process.exit(0)));
  // The CLI closes our input and sends SIGTERM at once; Ctrl-C reaches us beside the CLI.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);

  const schemas = await Promise.all(
    (options.datamodels ?? []).map(async (path) => [path, await readFile(path, 'utf8')]),
  );
  await serve(
    engineMethods(schemas.length > 0 ? schemas : undefined, adapters, target),
    process.stdin,
    process.stdout,
  );
  await stop();
}
