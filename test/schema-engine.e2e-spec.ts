import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmptyDatabase, onServer } from './support/empty-database.js';
import { prisma } from './support/prisma-cli.js';
import { applyMigrations, askSchemaEngine } from './support/schema-engine.js';

describe('The offline schema engine', () => {
  let database: EmptyDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await EmptyDatabase.create();
    folder = mkdtempSync(join(tmpdir(), 'pisync-migrations-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  it('is the very engine that the CLI expects', async () => {
    const { output } = await prisma(undefined, '--version');
    const expected = /Default Engines Hash : (\w+)/.exec(output)?.[1];
    expect(output).toContain(`schema-engine-cli ${expected} (at prisma/schema-engine/schema-engine.mjs`);
  });

  it('lets the CLI compare schema files without any database', async () => {
    const difference = ['--from-empty', '--to-schema', 'prisma/schema.prisma', '--script'];
    const { exitCode, output } = await prisma(undefined, 'migrate', 'diff', ...difference);
    expect(output).toContain('CREATE TABLE "devices"');
    expect(exitCode).toBe(0);
  });

  it('says in one line that the server does not answer', async () => {
    const { exitCode, output } = await prisma('postgresql://nobody@127.0.0.1:1/none', 'migrate', 'deploy');
    expect(output).toContain("P1001: Can't reach database server at `127.0.0.1:1`");
    expect(exitCode).toBe(1);
  });

  it('never repeats a password', async () => {
    const { output } = await prisma('postgresql://nobody:s3cr3t@127.0.0.1:1/none', 'migrate', 'deploy');
    expect(output).not.toContain('s3cr3t');
    const { output: onNonsense } = await prisma('s3cr3t', 'migrate', 'deploy');
    expect(onNonsense).toContain('P1013');
    expect(onNonsense).not.toContain('s3cr3t');
  });

  it('applies semicolons inside functions, strings and comments as they are', async () => {
    migration(
      '1_semicolons',
      `-- one; two
       CREATE FUNCTION answer() RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN RETURN 'a;b'; END; $$;
       COMMENT ON FUNCTION answer() IS 'one; two';`,
    );
    expect(await applyMigrations(database.url, folder)).toHaveProperty('result');
    expect(await database.query('SELECT answer()')).toEqual([{ answer: 'a;b' }]);
  });

  it('leaves nothing of a migration that fails, and names its line', async () => {
    migration('1_half', 'CREATE TABLE half (id INT);\n\nSELECT id FROM half\nWHERE nonsense;');
    const { error } = await applyMigrations(database.url, folder);
    expect(error?.data.message).toContain(
      'column "nonsense" does not exist (SQLSTATE 42703, line 4 of the script)',
    );
    expect(await database.query(`SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
  });

  it('keeps others from migrating while a migration runs', async () => {
    migration(
      '1_looks',
      `CREATE TABLE seen AS SELECT locks.objid, locks.pid = pg_backend_pid() AS own
       FROM pg_locks AS locks WHERE locks.locktype = 'advisory' AND locks.granted
         AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database());`,
    );
    await applyMigrations(database.url, folder);
    expect(await database.query('SELECT objid::int, own FROM seen')).toEqual([
      { objid: 72707369, own: true },
    ]);
  });

  it('reads foreign keys, CHECKs, partitions and partial indexes out of a database', async () => {
    await database.query(`
      CREATE TABLE sites (id INT PRIMARY KEY, CHECK (id > 0));
      CREATE TABLE boxes (id INT PRIMARY KEY, site INT NOT NULL REFERENCES sites ON DELETE CASCADE);
      CREATE INDEX boxes_at ON boxes (site) WHERE id > 10;
      CREATE TABLE days (day DATE PRIMARY KEY) PARTITION BY RANGE (day);
      CREATE TABLE day_one PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');`);
    const content = 'datasource db {\n  provider = "postgresql"\n}\n';
    const { result } = await askSchemaEngine(database.url, 'introspect', {
      schema: { files: [{ path: 'schema.prisma', content }] },
      baseDirectoryPath: folder,
      force: true,
      compositeTypeDepth: -1,
      namespaces: null,
    });
    const read = (result as { schema: { files: { content: string }[] } }).schema.files[0].content;
    expect(read).toMatch(/model boxes \{/);
    expect(read).toMatch(/fields: \[site\], references: \[id\], onDelete: Cascade/);
    expect(read).toMatch(/model days \{/);
    expect((result as { warnings: string }).warnings).toContain('sites_id_check');
  });

  it('leaves no shadow database behind, whether the migrations succeed or fail', async () => {
    const owner = await DatabaseOwner.create();
    try {
      const difference = (migrations: string) =>
        prisma(owner.urlOf(database), 'migrate', 'diff', '--from-migrations', migrations, '--to-empty');

      expect(await difference('prisma/migrations')).toMatchObject({ exitCode: 0 });
      migration('1_bad', 'SELECT nonsense;');
      const { exitCode, output } = await difference(folder);
      expect(output).toContain('`1_bad` failed to apply cleanly to the shadow database');
      expect(exitCode).toBe(1);
      expect(await owner.databases()).toEqual([]);
    } finally {
      await owner.drop();
    }
  });

  it('tells of a panic instead of falling silent', async () => {
    const { error } = await askSchemaEngine(database.url, 'debugPanic', {});
    expect(error?.data.message).toContain('The schema engine panicked');
  });

  function migration(name: string, up: string): void {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'migration.sql'), up);
    writeFileSync(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
  }
});

/** A role that may create databases: those it owns are its tests' own, whatever runs beside them. */
class DatabaseOwner {
  private constructor(private readonly name: string) {}

  static async create(): Promise<DatabaseOwner> {
    const name = `owner_${randomUUID()}`;
    await onServer((server) => server.query(`CREATE ROLE "${name}" LOGIN CREATEDB PASSWORD '${name}'`));
    return new DatabaseOwner(name);
  }

  urlOf(database: EmptyDatabase): string {
    const url = new URL(database.url);
    url.username = this.name;
    url.password = this.name;
    return url.href;
  }

  async databases(): Promise<string[]> {
    const sql = `SELECT datname AS name FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE rolname = $1`;
    const { rows } = await onServer((server) => server.query<{ name: string }>(sql, [this.name]));
    return rows.map((row) => row.name);
  }

  async drop(): Promise<void> {
    for (const name of await this.databases()) {
      await onServer((server) => server.query(`DROP DATABASE "${name}" WITH (FORCE)`));
    }
    await onServer((server) => server.query(`DROP ROLE "${this.name}"`));
  }
}
