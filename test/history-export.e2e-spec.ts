import { get, IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { SyncEventRepository } from '../src/database/sync-event.repository.js';
import { aDevice, Device, send } from './support/device.js';
import { expectProblem } from './support/problems.js';
import { spawnService, startService, TestService } from './support/service.js';

const LONG = 200_000;
/** The service at rest needs half of it; the file has 60 MB, and as objects several times that. */
const HEAP_MIB = 96;

let service: TestService;
let device: Device;

beforeAll(async () => {
  service = await startService();
});

beforeEach(() => {
  device = aDevice(service);
});

afterAll(() => service.stop());

function historyUrl(query = '', of: Device = device): string {
  return `${service.url}/api/device/${of.id}/sync-history${query}`;
}

async function exported(query: string, accept?: string): Promise<{ headers: Headers; lines: string[] }> {
  const answer = await send<string>(historyUrl(query), accept ? { headers: { accept } } : {});
  expect(answer.status).toBe(200);
  return { headers: answer.headers, lines: answer.body.split(/(?<=\n)/) };
}

async function reportsFour(): Promise<void> {
  for (const [minute, outcome] of ['failed', 'ok', 'failed', 'ok'].entries()) {
    await device.reports(outcome as 'ok', {
      at: `2026-03-01T08:0${minute}:00Z`,
      eventId: `=${minute}`,
      errorMessage: outcome === 'ok' ? undefined : 'no, "really" no',
    });
  }
}

describe('The history as a file', () => {
  it('is CSV with a header, safe for a spreadsheet', async () => {
    await reportsFour();
    const { headers, lines } = await exported('', 'text/csv');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="sync-history-${device.id}.csv"`);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^id,device_id,event_id,timestamp,.*,error_message\r\n$/);
    expect(lines[2]).toMatch(/^\d+,[^,]+,'=2,.*,"no, ""really"" no"\r\n$/);
  });

  it('is NDJSON, event for event that of the list', async () => {
    await reportsFour();
    const { headers, lines } = await exported('', 'application/x-ndjson');
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual((await device.history()).body);
  });

  it.each(['csv', 'ndjson'])('is chosen by ?format=%s, whatever Accept says', async (format) => {
    await reportsFour();
    const { headers } = await exported(`?format=${format}`, 'application/json');
    expect(headers.get('content-disposition')).toContain(`.${format}"`);
    const list = await send(historyUrl('?format=json'), { headers: { accept: 'text/csv' } });
    expect(list.body).toHaveLength(4);
  });

  it('keeps to from, to, failed and limit, and goes on from a cursor', async () => {
    await reportsFour();
    const minutes = async (query: string): Promise<number[]> => {
      const answer = await send<string>(historyUrl(`?format=ndjson&${query}`));
      return answer.body
        .split('\n')
        .filter(Boolean)
        .map((line) => new Date((JSON.parse(line) as { timestamp: string }).timestamp).getUTCMinutes());
    };
    expect(await minutes('from=2026-03-01T08:01:00Z&to=2026-03-01T08:03:00Z')).toEqual([2, 1]);
    expect(await minutes('failed=true')).toEqual([2, 0]);
    expect(await minutes('limit=3')).toEqual([3, 2, 1]);
    const { headers } = await send(historyUrl('?limit=1'));
    const cursor = /cursor=([^>&]+)/.exec(headers.get('link') ?? '')?.[1];
    expect(await minutes(`cursor=${cursor}`)).toEqual([2, 1, 0]);
    expect(await minutes('from=2027-01-01T00:00:00Z')).toEqual([]);
  });

  it('of an unknown device is a 404', async () => {
    expectProblem(await send(historyUrl('?format=csv')), 404, 'device-not-found');
  });

  it('has no other form', async () => {
    await device.reports('ok');
    const answer = await send(historyUrl(), { headers: { accept: 'image/png' } });
    expectProblem(answer, 406, 'not-acceptable');
    expect((await send(historyUrl('?format=xml'))).status).toBe(400);
    for (const accept of ['*/*', 'text/html, */*;q=0.1', 'application/*', 'text/csv;q=0.1, application/json'])
      expect((await send(historyUrl(), { headers: { accept } })).body).toHaveLength(1);
    expect((await send(historyUrl())).headers.get('vary')).toContain('Accept');
  });

  it('is not read for a HEAD', async () => {
    await reportsFour();
    const answer = await fetch(historyUrl('?format=csv'), { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });
});

describe(`A history of ${LONG} events`, () => {
  let long: Device;
  let queries = 0;

  beforeAll(async () => {
    long = aDevice(service);
    await service.database.query(
      `INSERT INTO sync_events (device_id, effective_at, succeeded, reported_at, received_at, clock, total_files_synced, total_errors, error_message)
       SELECT $1, at, number % 3 > 0, at, now(), 'ok', number, CASE WHEN number % 3 > 0 THEN 0 ELSE 1 END, 'message ' || number
       FROM generate_series(1, $2::int) AS number,
         LATERAL (SELECT '2024-01-01'::timestamptz + number / 3 * interval '1 minute') AS moment (at)`,
      [long.id, LONG],
    );
    await service.database.query(
      `INSERT INTO devices (device_id, first_seen_at, last_contact_at, total_syncs) VALUES ($1, now(), now(), $2)`,
      [long.id, LONG],
    );
    const repository = service.app.get(SyncEventRepository, { strict: false });
    const newestFirst = repository.newestFirst.bind(repository);
    repository.newestFirst = (query) => {
      queries += 1;
      return newestFirst(query);
    };
  }, 60_000);

  function openExport(from: { readonly url: string }): Promise<IncomingMessage> {
    const url = `${from.url}/api/device/${long.id}/sync-history?format=ndjson`;
    return new Promise((resolve, reject) => get(url, resolve).on('error', reject));
  }

  it('streams out of a heap that is too small for it, and equals the database', async () => {
    const stored = await service.database.query<{ id: string }>(
      `SELECT id FROM sync_events WHERE device_id = $1 ORDER BY effective_at DESC, succeeded DESC, id DESC`,
      [long.id],
    );
    const small = await spawnService(service.database.url, {
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
    });
    try {
      let place = 0;
      let rest = '';
      for await (const chunk of await openExport(small)) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const { id } = JSON.parse(line) as { id: number };
          if (id !== Number(stored[place].id))
            throw new Error(`event ${id} is in the place of ${stored[place].id}`);
          place += 1;
        }
      }
      expect({ place, rest }).toEqual({ place: LONG, rest: '' });
    } finally {
      await small.kill();
    }
  }, 120_000);

  it('is read no faster than the client takes it, and no further when the client leaves', async () => {
    queries = 0;
    const answer = await openExport(service);
    await once(answer, 'readable');
    answer.read(1);
    await untilSettled(() => queries);
    // What fits into the buffers of two sockets, of 200 steps.
    expect(queries).toBeLessThan(100);
    const whileWaiting = queries;
    answer.destroy();
    await untilSettled(() => queries);
    expect(queries).toBeLessThanOrEqual(whileWaiting + 2);
  }, 60_000);
});

/** Resolves when a number has not changed for half a second. */
async function untilSettled(read: () => number): Promise<void> {
  for (let last = -1; last !== read();) {
    last = read();
    await delay(500);
  }
}
