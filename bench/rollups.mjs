/**
 * npm run bench:rollups -- <url of a PostgreSQL server on this machine> [--rounds 15 --seconds 1 --failing 0.1]
 *
 * What the fleet rollups cost a write: record_sync_events() with the triggers and without them, one connection, in
 * turns on one server. What counts is the ratio, the median of the rounds.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    failing: { type: 'string', default: '0.1' },
  },
});
const [server] = positionals;
const ROLLUPS = 'fleet_rollups';
const DEVICES = 20_000;
const BATCHES = [1, 50, 500];
const MIGRATIONS = new URL('../prisma/migrations/', import.meta.url);
const migrations = readdirSync(MIGRATIONS)
  .filter((name) => /^\d/.test(name))
  .sort();

const admin = await connect(server);
const subjects = {};
for (const name of ['without', 'with']) subjects[name] = await migrated(`rollups_bench_${name}`, name);
await fill();

for (const size of BATCHES) {
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await microsecondsAWrite(size));
  const of = (name) => median(rounds.map((cost) => cost[name])).toFixed(0);
  const ratio = median(rounds.map((cost) => cost.with / cost.without));
  console.log(
    `${size} events a write: ${ratio.toFixed(3)} times the core time without rollups` +
      ` (${of('without')} and ${of('with')} us a write)`,
  );
}
for (const name of ['without', 'with']) {
  await subjects[name].end();
  await admin.query(`DROP DATABASE rollups_bench_${name}`);
}
await admin.end();

async function migrated(database, name) {
  await admin.query(`DROP DATABASE IF EXISTS ${database}`);
  await admin.query(`CREATE DATABASE ${database}`);
  const client = await connect(Object.assign(new URL(server), { pathname: `/${database}` }).href);
  for (const migration of migrations) {
    await client.query(readFileSync(new URL(`${migration}/migration.sql`, MIGRATIONS), 'utf8'));
  }
  if (name === 'without') {
    await client.query(
      readFileSync(
        new URL(`${migrations.find((one) => one.includes(ROLLUPS))}/down.sql`, MIGRATIONS),
        'utf8',
      ),
    );
  }
  return client;
}

async function fill() {
  for (const client of Object.values(subjects)) {
    for (let first = 0; first < DEVICES; first += 500) {
      await write(
        client,
        Array.from({ length: 500 }, (_, number) => first + number),
      );
    }
    await client.query('VACUUM ANALYZE');
  }
}

/**
 * Time of the server's own processes on a core, which a busy machine changes least; the same writes to both, call by
 * call. The commit's wait for the disk is not in it.
 */
async function microsecondsAWrite(size) {
  const until = performance.now() + 2_000 * Number(values.seconds);
  const before = { without: coreMicroseconds(subjects.without), with: coreMicroseconds(subjects.with) };
  let writes = 0;
  for (; performance.now() < until; writes += 1) {
    const devices = Array.from({ length: size }, () => Math.floor(Math.random() * DEVICES));
    const names = writes % 2 ? ['with', 'without'] : ['without', 'with'];
    for (const name of names) await write(subjects[name], devices);
  }
  const cost = (name) => (coreMicroseconds(subjects[name]) - before[name]) / writes;
  return { without: cost('without'), with: cost('with') };
}

function coreMicroseconds(client) {
  return Number(readFileSync(`/proc/${client.processID}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
}

async function write(client, devices) {
  const now = new Date().toISOString();
  const failed = devices.map(() => Math.random() < Number(values.failing));
  const each = (value) => devices.map(() => value);
  await client.query({
    name: 'record',
    text: `SELECT * FROM record_sync_events($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[],
      $5::timestamptz[], $6::clock_verdict[], $7::integer[], $8::integer[], $9::float8[], $10::text[])`,
    values: [
      devices.map((device) => `PIBOX-${device}`),
      devices.map(() => Math.random().toString(36).slice(2)),
      ...[each(now), each(now), each(now), each('ok')],
      failed.map((is) => (is ? 0 : 12)),
      failed.map((is) => (is ? 1 : 0)),
      each(4.5),
      failed.map((is) => (is ? `upload timed out after ${Math.floor(Math.random() * 90)} s` : null)),
    ],
  });
}

async function connect(connectionString) {
  const client = new pg.Client({ connectionString, options: '-c timezone=UTC' });
  await client.connect();
  return client;
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
