import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'prisma/config';

const here = (...path: string[]) => resolve(import.meta.dirname, ...path);

// Instead of a native engine, which the CLI would have to download:
// docs/decisions/0001-prisma-offline-schema-engine.md.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= here('prisma', 'schema-engine', 'schema-engine.mjs');

if (existsSync(here('.env'))) process.loadEnvFile(here('.env'));

/** The embedded PostgreSQL leaves its URL here while it runs. */
function embeddedDatabaseUrl(): string | undefined {
  const file = here(process.env.DATA_DIR || '.pisync', 'postgres', 'url');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

// `prisma generate` needs no database: an install without one must get its client too.
const url = process.env.DATABASE_URL || embeddedDatabaseUrl();

export default defineConfig({
  schema: here('prisma', 'schema.prisma'),
  migrations: { path: here('prisma', 'migrations') },
  ...(url && { datasource: { url } }),
});
