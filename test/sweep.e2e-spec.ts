import { aDevice, send } from './support/device.js';
import { eventually } from './support/eventually.js';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

describe('The running service, every SWEEP_INTERVAL_SECONDS', () => {
  let database: TestDatabase;
  let service: SpawnedService;

  beforeAll(async () => {
    database = await TestDatabase.create();
    service = await spawnService(database.url, { SWEEP_INTERVAL_SECONDS: '1' });
  });

  afterAll(async () => {
    await service.kill();
    await database.drop();
  });

  async function open(deviceId: string, kind: string): Promise<boolean> {
    const { body } = await send<unknown[]>(
      `${service.url}/api/alerts?status=open&kind=${kind}&device_id=${deviceId}`,
    );
    return body.length === 1;
  }

  it('opens what a crash between commit and listener left unopened', async () => {
    const device = aDevice(service);
    await device.reportsInTurn('failed', 'failed', 'failed');
    await database.query('DELETE FROM alerts');
    await eventually('the alert is open again', () => open(device.id, 'failing'));
  });

  it('opens the alert of a device that fell silent, and a contact resolves it', async () => {
    const device = aDevice(service);
    await device.reports('ok');
    await database.query(
      `UPDATE devices SET last_contact_at = now() - INTERVAL '73 hours', silence_due_at = now() - INTERVAL '1 hour'
       WHERE device_id = $1`,
      [device.id],
    );
    await eventually('the silent alert is open', () => open(device.id, 'silent'));
    expect(service.lines.filter((line) => line.includes(device.id))).toHaveLength(1);
    await device.reports('failed');
    expect(await open(device.id, 'silent')).toBe(false);
  });

  it('goes on after a time without its tables, and counts that as an outage', async () => {
    await database.query('ALTER TABLE service_heartbeat RENAME TO out_of_reach');
    await eventually('the sweep fails', () =>
      service.lines.some((line) => line.includes('The sweep for silent devices failed')),
    );
    await database.query(`UPDATE out_of_reach SET beat_at = beat_at - INTERVAL '1 hour'`);
    await database.query('ALTER TABLE out_of_reach RENAME TO service_heartbeat');
    await eventually('the outage is noticed', () =>
      service.lines.some((line) => line.includes('The service was away from')),
    );
    const [{ seconds }] = await database.query<{ seconds: number }>(
      `SELECT max(extract(epoch FROM ended_at - started_at))::float8 AS seconds FROM service_outages`,
    );
    expect(seconds).toBeGreaterThan(3_600);
    expect(seconds).toBeLessThan(3_660);
  });
});
