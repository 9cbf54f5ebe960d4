/**
 * npm run bench:sweep [-- --devices 1000000 --sweeps 5 --plans]
 *
 * What a sweep of the service costs at a million devices: ordinarily, with about a hundred devices due and one in
 * thirty of these fallen silent, and the statements that it sends with their plans.
 */
import pg from 'pg';
import { parseArgs } from 'node:util';
import { deployMigrations } from '../dist/database/migrations.js';
import { startServer } from './services.mjs';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000000' },
    sweeps: { type: 'string', default: '5' },
    plans: { type: 'boolean', default: false },
  },
});
const devices = Number(values.devices);
const DATABASE = 'sweep_bench';

const server = await startServer();
const admin = await connect(server.url);
await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
await admin.query(`CREATE DATABASE ${DATABASE}`);
const url = Object.assign(new URL(server.url), { pathname: `/${DATABASE}` }).href;
await deployMigrations(url);
const database = await connect(url);
await fill();

Object.assign(process.env, {
  NODE_ENV: 'test',
  DATABASE_URL: url,
  SWEEP_INTERVAL_SECONDS: '3600',
  LOG_LEVEL: 'error',
});
const { createApp } = await import('../dist/app.setup.js');
const { loadConfig } = await import('../dist/config/load-config.js');
const { AlertSweep } = await import('../dist/alerts/alert-sweep.js');
const app = await createApp(loadConfig(), false);
const started = performance.now();
await app.init();
console.log(`${devices} devices; a start, sweep and all: ${(performance.now() - started).toFixed(0)} ms`);
for (let sweep = 0; sweep < Number(values.sweeps); sweep += 1) {
  await fallDue();
  const statements = recordStatements();
  const before = performance.now();
  await app.get(AlertSweep).sweep();
  const took = performance.now() - before;
  const sent = statements();
  const [{ open }] = (
    await database.query(`SELECT count(*)::int AS open FROM alerts WHERE kind = 'silent' AND status = 'open'`)
  ).rows;
  console.log(`a sweep: ${took.toFixed(0)} ms, ${sent.length} statements; ${open} silent alerts are open`);
  if (values.plans && sweep === Number(values.sweeps) - 1) await showPlans(sent);
}
await app.close();
await database.end();
await admin.query(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
await admin.end();
await server.stop();

/** One in a hundred fails, one in a thousand is silent already; the others were heard of within three days. */
async function fill() {
  for (const table of ['devices', 'alerts'])
    await database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await database.query(
    `INSERT INTO devices (device_id, first_seen_at, last_contact_at, last_failure_at, total_syncs, total_failed_syncs,
       consecutive_failures, silence_due_at)
     SELECT 'pibox-' || lpad(number::text, 8, '0'), contact.at, contact.at, contact.at, 9, 9,
       CASE WHEN number % 100 = 1 THEN 5 ELSE 0 END,
       CASE WHEN number % 1000 = 2 THEN NULL ELSE contact.at + INTERVAL '72 hours' END
     FROM generate_series(1, ${devices}) AS number,
       LATERAL (
         SELECT now() - CASE WHEN number % 1000 = 2 THEN INTERVAL '80 hours' ELSE INTERVAL '1 second' * (number % 250000) END AS at
       ) AS contact`,
  );
  await database.query(
    `INSERT INTO alerts (device_id, kind, consecutive_failures, first_failed_sync, last_failed_sync, last_contact_at)
     SELECT device_id, 'failing'::alert_kind, 5, first_seen_at, first_seen_at, last_contact_at
     FROM devices WHERE consecutive_failures > 0
     UNION ALL
     SELECT device_id, 'silent', 0, NULL, NULL, last_contact_at FROM devices WHERE silence_due_at IS NULL`,
  );
  for (const table of ['devices', 'alerts']) await database.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  await database.query('VACUUM ANALYZE');
}

/** As many as fall due in 30 seconds, in contact meanwhile; four of them are silent. */
async function fallDue() {
  await database.query(
    `UPDATE devices
     SET silence_due_at = now() - INTERVAL '1 minute',
       last_contact_at = CASE WHEN chosen.place <= 4 THEN now() - INTERVAL '80 hours' ELSE devices.last_contact_at END
     FROM (
       SELECT due.device_id, row_number() OVER () AS place
       FROM (SELECT device_id FROM devices WHERE silence_due_at IS NOT NULL ORDER BY random() LIMIT 120) AS due
     ) AS chosen
     WHERE devices.device_id = chosen.device_id`,
  );
}

/** What is sent from now on, taken from the driver's hands. @returns a function that ends it and gives the statements */
function recordStatements() {
  const sent = [];
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (...given) {
    const [statement, parameters] = given;
    const text = typeof statement === 'string' ? statement : statement.text;
    sent.push({ text, values: parameters ?? statement.values ?? [] });
    return query.apply(this, given);
  };
  return () => {
    pg.Client.prototype.query = query;
    return sent.filter(({ text }) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text));
  };
}

async function showPlans(statements) {
  for (const { text, values: parameters } of statements) {
    await database.query('BEGIN');
    const { rows } = await database.query(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, parameters);
    await database.query('ROLLBACK');
    console.log(`\n${text.trim()}\n\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`);
  }
}

async function connect(connectionString) {
  const client = new pg.Client({ connectionString, options: '-c timezone=UTC' });
  await client.connect();
  return client;
}
