/**
 * The ordinary design of such a service, to compare with: Express and node-postgres, one transaction a request, for
 * the same job: keep the event and the device's counters, look at the last three events, open or resolve the stored
 * alert, answer under helmet's headers. Careful code by usual standards; what it lacks is not speed alone: two failures
 * that arrive together can hide the third from each other.
 */
import express from 'express';
import helmet from 'helmet';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS devices (
    device_id text PRIMARY KEY,
    last_seen timestamptz NOT NULL,
    total_syncs integer NOT NULL,
    total_failed_syncs integer NOT NULL,
    total_files_synced integer NOT NULL
  );
  CREATE TABLE IF NOT EXISTS sync_events (
    id bigserial PRIMARY KEY,
    device_id text NOT NULL REFERENCES devices,
    timestamp timestamptz NOT NULL,
    total_files_synced integer NOT NULL,
    total_errors integer NOT NULL,
    internet_speed double precision
  );
  CREATE TABLE IF NOT EXISTS alerts (
    id serial PRIMARY KEY,
    device_id text NOT NULL REFERENCES devices,
    opened_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
  );
  CREATE UNIQUE INDEX IF NOT EXISTS alerts_open ON alerts (device_id) WHERE resolved_at IS NULL;
  CREATE INDEX IF NOT EXISTS sync_events_by_device ON sync_events (device_id, timestamp DESC);
`);

const isCount = (value) => Number.isInteger(value) && value >= 0;

const app = express();
app.use(helmet());
app.use(express.json());
app.post('/api/sync-event', async (request, response) => {
  const { device_id, timestamp, total_files_synced, total_errors, internet_speed } = request.body;
  const time = new Date(timestamp);
  if (
    typeof device_id !== 'string' ||
    Number.isNaN(time.getTime()) ||
    !isCount(total_files_synced) ||
    !isCount(total_errors)
  ) {
    response.status(400).json({ error: 'invalid event' });
    return;
  }
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO devices AS device VALUES ($1, now(), 1, $2, $3) ON CONFLICT (device_id) DO UPDATE SET
         last_seen = now(),
         total_syncs = device.total_syncs + 1,
         total_failed_syncs = device.total_failed_syncs + excluded.total_failed_syncs,
         total_files_synced = device.total_files_synced + excluded.total_files_synced`,
      [device_id, total_errors > 0 ? 1 : 0, total_files_synced],
    );
    const inserted = await client.query(
      `INSERT INTO sync_events (device_id, timestamp, total_files_synced, total_errors, internet_speed)
       VALUES ($1, $2, $3, $4, $5) RETURNING *`,
      [device_id, time, total_files_synced, total_errors, internet_speed],
    );
    const { rows } = await client.query(
      'SELECT total_errors FROM sync_events WHERE device_id = $1 ORDER BY timestamp DESC, id DESC LIMIT 3',
      [device_id],
    );
    if (rows.length === 3 && rows.every((row) => row.total_errors > 0)) {
      const { rowCount } = await client.query(
        'INSERT INTO alerts (device_id) VALUES ($1) ON CONFLICT (device_id) WHERE resolved_at IS NULL DO NOTHING',
        [device_id],
      );
      if (rowCount === 1) console.log(`Device ${device_id} has failed 3 times in a row!`);
    } else {
      await client.query(
        'UPDATE alerts SET resolved_at = now() WHERE device_id = $1 AND resolved_at IS NULL',
        [device_id],
      );
    }
    await client.query('COMMIT');
    response.status(201).json(inserted.rows[0]);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => void pool.end()));
