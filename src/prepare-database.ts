import type { Config } from './config/config.js';
import { ConfigError } from './config/load-config.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { deployMigrations, pendingMigrations } from './database/migrations.js';
import { databaseProblems } from './database/start-checks.js';
import { StartFailure } from './start-failure.js';

/**
 * Leaves `config.databaseUrl` naming a database that answers, has this version's schema and is safe to serve
 * from. A database of the user's own is changed only when MIGRATE_ON_START says so.
 *
 * @returns the embedded PostgreSQL, which the caller stops, when there is no DATABASE_URL
 * @throws StartFailure, ConfigError
 */
export async function prepareDatabase(config: Config): Promise<EmbeddedPostgres | undefined> {
  if (config.databaseUrl !== undefined) {
    await prepareOwnDatabase(config.databaseUrl, config.migrateOnStart);
    await refuseUnsafe(config, config.databaseUrl);
    return undefined;
  }
  const postgres = await EmbeddedPostgres.start(config.dataDir).catch(failStart);
  try {
    await deployMigrations(postgres.url).catch(failStart);
    await refuseUnsafe(config, postgres.url);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  config.databaseUrl = postgres.url;
  return postgres;
}

/** @throws ConfigError: starting again is of no use before somebody has changed something */
async function refuseUnsafe({ nodeEnv, authMode }: Config, databaseUrl: string): Promise<void> {
  const checks = { isProduction: nodeEnv === 'production', needsKeys: authMode === 'on' };
  const problems = await databaseProblems(databaseUrl, checks).catch(failStart);
  if (problems.length > 0) throw new ConfigError(problems);
}

/** @throws StartFailure: a database that does not answer, or that somebody has to migrate */
export async function prepareOwnDatabase(databaseUrl: string, mayMigrate: boolean): Promise<void> {
  const pending = await pendingMigrations(databaseUrl).catch((error: unknown) => {
    throw new StartFailure(
      `the database ${nameOf(databaseUrl)} does not answer: ${reasonOf(error)}. Check DATABASE_URL.`,
    );
  });
  if (pending.length === 0) return;
  if (!mayMigrate) {
    throw new StartFailure(
      `the database ${nameOf(databaseUrl)} lacks migrations of this version (${pending.join(', ')}). ` +
        'Apply them with "npx prisma migrate deploy", or let the start do it with MIGRATE_ON_START=true.',
    );
  }
  await deployMigrations(databaseUrl).catch(failStart);
}

/** Without user and password, which belong in no log. */
function nameOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return host + pathname;
}

/** Node tries every address of a name, and gathers what each said. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

function failStart(error: unknown): never {
  throw new StartFailure(reasonOf(error), { cause: error });
}
