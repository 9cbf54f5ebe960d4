import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rollBack } from '../prisma/rollback.mjs';
import { describeSchema } from './support/describe-schema.js';
import { EmptyDatabase } from './support/empty-database.js';
import { prisma } from './support/prisma-cli.js';
import { applyMigrations } from './support/schema-engine.js';

const MIGRATIONS = join(import.meta.dirname, '..', 'prisma', 'migrations');
const names = readdirSync(MIGRATIONS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

describe('The migrations', () => {
  let database: EmptyDatabase;

  beforeAll(async () => {
    database = await EmptyDatabase.create();
  });
  afterAll(() => database.drop());

  it('are all pending on an empty PostgreSQL', async () => {
    const { exitCode, output } = await prisma(database.url, 'migrate', 'status');
    expect(exitCode).toBe(1);
    for (const name of names) expect(output).toContain(name);
  });

  it('bring an empty PostgreSQL up to date', async () => {
    expect(await prisma(database.url, 'migrate', 'deploy')).toMatchObject({ exitCode: 0 });

    const { exitCode, output } = await prisma(database.url, 'migrate', 'status');
    expect(output).toContain('Database schema is up to date!');
    expect(exitCode).toBe(0);
  });

  it('are taken back one by one, each to exactly what was there before it', async () => {
    const stages = await schemasOfEachStage();
    expect(await describeSchema(database)).toEqual(stages[names.length]);

    for (let applied = names.length; applied > 0; applied -= 1) {
      expect(await rollBack(database.url, 1)).toEqual([names[applied - 1]]);
      expect(await describeSchema(database)).toEqual(stages[applied - 1]);
    }
  });

  it('come back to the same schema after that', async () => {
    expect(await prisma(database.url, 'migrate', 'deploy')).toMatchObject({ exitCode: 0 });
    expect(await describeSchema(database)).toEqual((await schemasOfEachStage()).at(-1));
  });

  it('make what schema.prisma says', async () => {
    const difference = ['--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma'];
    const { exitCode, output } = await prisma(database.url, 'migrate', 'diff', ...difference, '--exit-code');
    expect(output).toContain('No difference detected.');
    expect(exitCode).toBe(0);
  });

  it('are applied once when several replicas migrate a missing database at the same moment', async () => {
    const missing = EmptyDatabase.notYetMade();
    try {
      const answers = await Promise.all([1, 2, 3].map(() => prisma(missing.url, 'migrate', 'deploy')));
      expect(answers.map((answer) => answer.exitCode)).toEqual([0, 0, 0]);
      expect(await appliedIn(missing)).toEqual(names);
    } finally {
      await missing.drop();
    }
  }, 60_000);
});

describe('A rollback', () => {
  let database: EmptyDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await EmptyDatabase.create();
    folder = mkdtempSync(join(tmpdir(), 'pisync-migrations-'));
    migration('1_first', 'CREATE TABLE first (id INT);', 'DROP TABLE first;');
    migration('2_second', 'CREATE TABLE second (id INT);', 'DROP TABLE second;');
    migration('3_third', 'CREATE TABLE third (id INT);', 'DROP TABLE third;');
    expect(await applyMigrations(database.url, folder)).toHaveProperty('result');
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  it('takes back the last ones, newest first, and leaves the others', async () => {
    const told: string[] = [];
    await rollBack(database.url, 2, folder, (name) => told.push(name));
    expect(told).toEqual(['3_third', '2_second']);
    expect(await appliedIn(database)).toEqual(['1_first']);
    expect(await tablesOf(database)).toEqual(['first']);
  });

  it('goes by the order of applying, not of names', async () => {
    migration('0_late', 'CREATE TABLE late (id INT);', 'DROP TABLE late;');
    await applyMigrations(database.url, folder);
    expect(await rollBack(database.url, 1, folder)).toEqual(['0_late']);
  });

  it('touches nothing when one of its migrations has no down.sql', async () => {
    rmSync(join(folder, '2_second', 'down.sql'));
    await expect(rollBack(database.url, 2, folder)).rejects.toThrow(/2_second has no way back/);
    expect(await tablesOf(database)).toEqual(['first', 'second', 'third']);
  });

  it('touches nothing when one of its migrations is of another version of the service', async () => {
    rmSync(join(folder, '2_second'), { recursive: true });
    await expect(rollBack(database.url, 2, folder)).rejects.toThrow(/2_second is applied, but not in/);
    expect(await tablesOf(database)).toEqual(['first', 'second', 'third']);
  });

  it('touches nothing when fewer migrations are applied', async () => {
    await expect(rollBack(database.url, 4, folder)).rejects.toThrow('migrations applied: 3');
    expect(await tablesOf(database)).toEqual(['first', 'second', 'third']);
  });

  it('touches nothing after a migration that failed half way', async () => {
    migration('4_bad', 'SELECT nonsense;', '');
    expect(await applyMigrations(database.url, folder)).toHaveProperty('error');
    await expect(rollBack(database.url, 1, folder)).rejects.toThrow(/4_bad failed half way/);
    expect(await tablesOf(database)).toEqual(['first', 'second', 'third']);
  });

  it('leaves a migration whose down.sql fails wholly applied', async () => {
    migration('3_third', '', 'DROP TABLE third; SELECT nonsense;');
    await expect(rollBack(database.url, 1, folder)).rejects.toThrow(/Rolling back 3_third failed.*nonsense/);
    expect(await appliedIn(database)).toContain('3_third');
    expect(await tablesOf(database)).toContain('third');
  });

  it('leaves a migration that cannot be crossed off the list wholly applied', async () => {
    migration('3_third', '', 'DROP TABLE third; DROP TABLE _prisma_migrations;');
    await expect(rollBack(database.url, 1, folder)).rejects.toThrow(/Rolling back 3_third failed/);
    expect(await tablesOf(database)).toContain('third');
  });

  it('waits for migrations that are being applied', async () => {
    await database.session(async (migrating) => {
      await migrating.query('SELECT pg_advisory_lock(72707369)');
      const rollback = rollBack(database.url, 1, folder);
      await somebodyWaitsForALock(migrating);
      expect(await tablesOf(database)).toContain('third');

      await migrating.query('SELECT pg_advisory_unlock_all()');
      await rollback;
      expect(await tablesOf(database)).not.toContain('third');
    });
  });

  it('refuses a number that is none', async () => {
    await expect(rollBack(database.url, 0, folder)).rejects.toThrow('whole number');
    await expect(rollBack(database.url, Number.NaN, folder)).rejects.toThrow('whole number');
  });

  function migration(name: string, up: string, down: string): void {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'migration.sql'), up);
    writeFileSync(join(folder, name, 'down.sql'), down);
  }
});

/** The schema after no migration, after the first, the first two, ..., made by their SQL alone. */
async function schemasOfEachStage(): Promise<string[][]> {
  const database = await EmptyDatabase.create();
  try {
    const stages = [await describeSchema(database)];
    for (const name of names) {
      await database.query(readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8'));
      stages.push(await describeSchema(database));
    }
    return stages;
  } finally {
    await database.drop();
  }
}

async function appliedIn(database: EmptyDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at`,
  );
  return rows.map((row) => row.name);
}

async function tablesOf(database: EmptyDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY tablename`,
  );
  return rows.map((row) => row.name);
}

async function somebodyWaitsForALock(session: {
  query(sql: string): Promise<{ rowCount: number | null }>;
}): Promise<void> {
  const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const deadline = Date.now() + 10_000;
  while ((await session.query(waiting)).rowCount === 0) {
    if (Date.now() > deadline) throw new Error('Nobody waits for an advisory lock.');
  }
}
