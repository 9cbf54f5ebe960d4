import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ENGINE = join(import.meta.dirname, '..', '..', 'prisma', 'schema-engine', 'schema-engine.mjs');

export interface EngineAnswer {
  readonly result?: unknown;
  readonly error?: { readonly data: { readonly message: string; readonly error_code?: string } };
}

/** Asks our schema engine one thing, as Prisma's CLI would, and lets it end. */
export async function askSchemaEngine(
  databaseUrl: string,
  method: string,
  params: object,
): Promise<EngineAnswer> {
  const engine = spawn(ENGINE, ['--datasource', JSON.stringify({ url: databaseUrl })], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise((resolve) => engine.once('close', resolve));
  engine.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`);
  try {
    for await (const line of createInterface({ input: engine.stdout })) {
      const message = JSON.parse(line) as EngineAnswer & { id: unknown };
      if (message.id === 1) return message;
    }
    throw new Error(`The schema engine ended without an answer to ${method}.`);
  } finally {
    engine.stdin.end();
    await ended;
  }
}

/** Applies the migrations of a folder as `prisma migrate deploy` does, without starting the CLI. */
export function applyMigrations(databaseUrl: string, folder: string): Promise<EngineAnswer> {
  const migrationDirectories = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: read(folder, name) },
    }))
    .sort((one, other) => one.path.localeCompare(other.path));
  const lockfile = { path: 'migration_lock.toml', content: 'provider = "postgresql"' };
  return askSchemaEngine(databaseUrl, 'applyMigrations', {
    migrationsList: { baseDir: folder, lockfile, shadowDbInitScript: '', migrationDirectories },
    filters: { externalTables: [], externalEnums: [] },
  });
}

function read(folder: string, name: string): { tag: 'ok'; value: string } {
  return { tag: 'ok', value: readFileSync(join(folder, name, 'migration.sql'), 'utf8') };
}
