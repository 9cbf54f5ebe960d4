import { aDevice, Answer, Device, send } from './support/device.js';
import { aKey, Key } from './support/keys.js';
import { expectProblem } from './support/problems.js';
import { startService, TestService } from './support/service.js';
import { UploadResult } from './support/upload.js';

/** Reads that try to cross from one device to another; with seven kinds of request, 2,100 tries. */
const ROUNDS = 300;

let service: TestService;
let own: Device;
let other: Device;
let key: Key;

beforeAll(async () => {
  service = await startService({
    AUTH_MODE: 'on',
    ADDRESS_REQUESTS_PER_MINUTE: '1000000',
    DEVICE_REQUESTS_PER_MINUTE: '1000000',
  });
  own = aDevice(service);
  other = aDevice(service);
  key = await aKey(service.database, 'device', { deviceId: own.id });
  const others = await aKey(service.database, 'device', { deviceId: other.id });
  expect(
    (await post('/api/sync-event', other.event('failed', { errorMessage: 'a secret of the other' }), others))
      .status,
  ).toBe(201);
  expect((await post('/api/sync-event', own.event('ok', { eventId: 'mine-1' }))).status).toBe(201);
});

afterAll(() => service.stop());

function post<Body = Record<string, unknown>>(path: string, body: unknown, as = key): Promise<Answer<Body>> {
  return send<Body>(service.url + path, {
    method: 'POST',
    headers: { ...as.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const get = (path: string): Promise<Answer<unknown>> => send(service.url + path, { headers: key.headers });

/** All of an answer that a reader could learn something from. */
function told({ status, headers, body }: Answer<unknown>, id: string): string {
  const fields = [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
  return JSON.stringify([status, fields, { ...(body as object), request_id: '' }]).replaceAll(id, 'ID');
}

describe('A device with its key', () => {
  it('reports as itself, in both spellings, and reads its own history', async () => {
    expect((await post('/api/sync-event', own.event('ok'))).status).toBe(201);
    const camel = { deviceId: own.id, totalFilesSynced: 1, totalErrors: 0 };
    expect((await post('/sync-event/', camel)).status).toBe(201);
    const history = await get(`/api/device/${own.id}/sync-history`);
    expect([history.status, (history.body as unknown[]).length]).toEqual([200, 3]);
    expect((await get(`/api/devices/${own.id}/sync-history?format=csv`)).status).toBe(200);
  });

  it('reports as no other, whether there is such a device or not', async () => {
    const before = await service.database.query('SELECT FROM sync_events');
    const answers = await Promise.all(
      [other, aDevice(service, 'nobody-has-this')].map(async (device) => {
        const answer = await post('/api/sync-event', device.event('failed'));
        expectProblem(answer, 403, 'forbidden');
        return told(answer, device.id);
      }),
    );
    expect(answers[0]).toBe(answers[1]);
    expect(await service.database.query('SELECT FROM sync_events')).toHaveLength(before.length);
  });

  it('has the items of others in its upload rejected, and its own kept', async () => {
    const items = [
      own.event('ok'),
      other.event('failed'),
      own.event('ok'),
      { device_id: other.id },
      { nothing: 1 },
    ];
    const { status, body } = await post<UploadResult>('/api/sync-events', items);
    expect(status).toBe(200);
    expect(body.results.map(({ outcome }) => outcome)).toEqual([
      'recorded',
      'rejected',
      'recorded',
      'rejected',
      'rejected',
    ]);
    expect(body.results[1].errors).toEqual([
      { field: 'device_id', message: 'is not the device of this key' },
    ]);
    const [{ total_failed_syncs }] = await service.database.query<{ total_failed_syncs: string }>(
      'SELECT total_failed_syncs FROM devices WHERE device_id = $1',
      [other.id],
    );
    expect(Number(total_failed_syncs)).toBe(1);
  });

  it('is counted by its key, and cannot use up the requests of another', async () => {
    const limited = await startService({ AUTH_MODE: 'on', DEVICE_REQUESTS_PER_MINUTE: '5' });
    const mine = await aKey(limited.database, 'device', { deviceId: own.id });
    const theirs = await aKey(limited.database, 'device', { deviceId: other.id });
    const report = async (event: object, { headers }: Key) =>
      (
        await send(`${limited.url}/api/sync-event`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(event),
        })
      ).status;
    const statuses: number[] = [];
    for (let times = 0; times < 8; times += 1) statuses.push(await report(other.event('ok'), mine));
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429, 429]);
    expect(await report(other.event('ok'), theirs)).toBe(201);
    await limited.stop();
  });

  it('never learns of another device, not even whether there is one', async () => {
    const answers = new Map<string, Set<string>>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = round % 2 === 0 ? other.id : `missing-${round}`;
      const kinds: Record<string, () => Promise<Answer<unknown>>> = {
        history: () => get(`/api/device/${id}/sync-history`),
        'history by the other path': () => get(`/api/devices/${id}/sync-history?limit=${1 + round}`),
        'history as a file': () => get(`/api/device/${id}/sync-history?format=ndjson`),
        device: () => get(`/api/devices/${id}`),
        streak: () => get(`/api/devices/${id}/streak`),
        report: () => post('/api/sync-event', { device_id: id, total_files_synced: 0, total_errors: 0 }),
        approval: () => post(`/api/devices/${id}/enrolment`, {}),
      };
      for (const [kind, ask] of Object.entries(kinds)) {
        const answered = told(await ask(), id);
        answers.set(kind, (answers.get(kind) ?? new Set()).add(answered));
      }
    }
    for (const [kind, answered] of answers) {
      expect([kind, [...answered]]).toEqual([kind, [expect.stringMatching(/^\[403,/)]]);
    }
    expect([...answers.values()].map((set) => [...set].join('')).join('')).not.toContain('secret');
    expect(await service.database.query("SELECT FROM devices WHERE device_id LIKE 'missing-%'")).toHaveLength(
      0,
    );
  }, 60_000);
});
