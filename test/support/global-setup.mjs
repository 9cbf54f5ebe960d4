import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureReady } from '../../bin/bootstrap.mjs';

/**
 * One PostgreSQL for all end-to-end tests, as durable as in the field, and on it one migrated database
 * from which each test file clones its own. TEST_DATABASE_URL names another server to use, with a role
 * that may create databases.
 */
export default async function globalSetup() {
  await ensureReady();
  // Built code: Jest does not transform what a global setup imports.
  const { EmbeddedPostgres } = await import('../../dist/database/embedded-postgres.js');
  const { deployMigrations } = await import('../../dist/database/migrations.js');

  const run = { template: `pisync_template_${process.pid}` };
  globalThis.pisyncTestRun = run;
  if (process.env.TEST_DATABASE_URL) {
    run.serverUrl = process.env.TEST_DATABASE_URL;
  } else {
    run.folder = mkdtempSync(join(tmpdir(), 'pisync-test-'));
    // Under root PostgreSQL runs as another user, who has to pass through.
    chmodSync(run.folder, 0o711);
    run.postgres = await EmbeddedPostgres.start(run.folder);
    run.serverUrl = run.postgres.url;
  }

  const server = new pg.Client({ connectionString: run.serverUrl });
  await server.connect();
  await server.query(`CREATE DATABASE ${run.template}`);
  await server.end();
  const template = new URL(run.serverUrl);
  template.pathname = `/${run.template}`;
  await deployMigrations(template.href);

  process.env.PISYNC_TEST_SERVER_URL = run.serverUrl;
  process.env.PISYNC_TEST_TEMPLATE = run.template;
}
