import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { environmentWith } from '../config/environment-with.js';

/** The project's folder, the same distance from `src/database` and `dist/database`. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const MIGRATIONS = join(ROOT, 'prisma', 'migrations');

/** SQLSTATE of a table that is not there: nothing was ever applied. */
const UNDEFINED_TABLE = '42P01';

/**
 * The names of the migrations that this version of the service brings and the database has not had, oldest
 * first. One cheap query; Prisma's CLI is not started.
 */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const applied = new Set(await appliedMigrations(databaseUrl));
  return readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !applied.has(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/**
 * Applies what is pending with `prisma migrate deploy`, which takes a lock: several replicas may call this
 * at the same moment.
 *
 * @throws Error with the CLI's own words, if it fails.
 */
export async function deployMigrations(databaseUrl: string): Promise<void> {
  if ((await pendingMigrations(databaseUrl)).length === 0) return;
  const cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
  const output: Buffer[] = [];
  const child = spawn(process.execPath, [cli, 'migrate', 'deploy'], {
    cwd: ROOT,
    env: environmentWith({
      DATABASE_URL: databaseUrl,
      // No look for newer versions and no line about them.
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode !== 0) throw new Error(`The migrations failed.\n${Buffer.concat(output).toString().trim()}`);
}

async function appliedMigrations(databaseUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // The same failure also rejects connect() or query().
  try {
    await client.connect();
    const { rows } = await client.query<{ migration_name: string }>(
      `SELECT migrations.migration_name FROM _prisma_migrations AS migrations
       WHERE migrations.finished_at IS NOT NULL AND migrations.rolled_back_at IS NULL`,
    );
    return rows.map((row) => row.migration_name);
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
