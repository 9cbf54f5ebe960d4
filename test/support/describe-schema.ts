import { EmptyDatabase } from './empty-database.js';

/** Schemas of PostgreSQL itself. */
const NOT_OURS = `('pg_catalog', 'information_schema', 'pg_toast')`;

/** Made by Prisma at the first deploy and kept by every rollback. */
const PRISMAS_TABLE = '_prisma_migrations';

/** One query for each kind of thing a migration can make: its name, and its definition in words. */
const KINDS: Record<string, string> = {
  schema: `SELECT nspname AS name, '' AS definition FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ${NOT_OURS}`,
  relation: `
    SELECT relations.oid::regclass::text AS name,
      concat_ws(' ', relations.relkind, relations.relpersistence, relations.reloptions,
        relations.relrowsecurity, pg_get_partkeydef(relations.oid),
        pg_get_expr(relations.relpartbound, relations.oid), obj_description(relations.oid, 'pg_class')) AS definition
    FROM pg_class AS relations JOIN pg_namespace ON pg_namespace.oid = relations.relnamespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ${NOT_OURS}`,
  column: `
    SELECT columns.attrelid::regclass::text || '.' || columns.attname AS name,
      concat_ws(' ', format_type(columns.atttypid, columns.atttypmod), collations.collname,
        CASE WHEN columns.attnotnull THEN 'not null' END, columns.attidentity, columns.attgenerated,
        pg_get_expr(defaults.adbin, defaults.adrelid)) AS definition
    FROM pg_attribute AS columns
    JOIN pg_class AS relations ON relations.oid = columns.attrelid
    JOIN pg_namespace ON pg_namespace.oid = relations.relnamespace
    LEFT JOIN pg_collation AS collations ON collations.oid = columns.attcollation
    LEFT JOIN pg_attrdef AS defaults ON (defaults.adrelid, defaults.adnum) = (columns.attrelid, columns.attnum)
    WHERE columns.attnum > 0 AND NOT columns.attisdropped
      AND nspname !~ '^pg_' AND nspname NOT IN ${NOT_OURS}`,
  constraint: `
    SELECT concat_ws('.', constraints.conrelid::regclass, constraints.conname) AS name,
      pg_get_constraintdef(constraints.oid) AS definition
    FROM pg_constraint AS constraints JOIN pg_namespace ON pg_namespace.oid = constraints.connamespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ${NOT_OURS}`,
  index: `
    SELECT schemaname || '.' || indexname AS name, indexdef AS definition
    FROM pg_indexes WHERE schemaname NOT IN ${NOT_OURS}`,
  sequence: `
    SELECT schemaname || '.' || sequencename AS name,
      concat_ws(' ', data_type, start_value, min_value, max_value, increment_by, cycle, cache_size) AS definition
    FROM pg_sequences`,
  view: `SELECT schemaname || '.' || viewname AS name, definition FROM pg_views WHERE schemaname NOT IN ${NOT_OURS}`,
  function: `
    SELECT functions.oid::regprocedure::text AS name, pg_get_functiondef(functions.oid) AS definition
    FROM pg_proc AS functions JOIN pg_namespace ON pg_namespace.oid = functions.pronamespace
    WHERE functions.prokind <> 'a' AND nspname NOT IN ${NOT_OURS}`,
  trigger: `
    SELECT triggers.tgrelid::regclass || '.' || triggers.tgname AS name, pg_get_triggerdef(triggers.oid) AS definition
    FROM pg_trigger AS triggers WHERE NOT triggers.tgisinternal`,
  enum: `
    SELECT enumtypid::regtype::text AS name, string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS definition
    FROM pg_enum GROUP BY enumtypid`,
  type: `
    SELECT types.oid::regtype::text AS name, types.typtype::text AS definition
    FROM pg_type AS types JOIN pg_namespace ON pg_namespace.oid = types.typnamespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ${NOT_OURS}`,
  extension: `SELECT extname AS name, extversion AS definition FROM pg_extension`,
};

/** Everything in a database but its rows, one line a thing: two databases compare by these lines. */
export async function describeSchema(database: EmptyDatabase): Promise<string[]> {
  const lines: string[] = [];
  for (const [kind, sql] of Object.entries(KINDS)) {
    const things = await database.query<{ name: string; definition: string }>(sql);
    lines.push(...things.map(({ name, definition }) => `${kind} ${name}: ${definition}`.trim()));
  }
  return lines.filter((line) => !line.includes(PRISMAS_TABLE)).sort();
}
