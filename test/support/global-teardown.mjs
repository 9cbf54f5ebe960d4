import { rmSync } from 'node:fs';
import pg from 'pg';

export default async function globalTeardown() {
  const { serverUrl, template, postgres, folder } = globalThis.pisyncTestRun;
  if (postgres) {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
  await server.end();
}
