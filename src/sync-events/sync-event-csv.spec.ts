import fc from 'fast-check';
import { CSV_HEADER, csvLines } from './sync-event-csv.js';
import { SyncEventDto } from './sync-event.dto.js';

const EVENT: SyncEventDto = {
  id: 17,
  device_id: 'PIBOX-7',
  event_id: 'boot-41:17',
  timestamp: new Date('2026-05-04T10:30:00Z'),
  received_at: new Date('2026-05-04T10:30:02.113Z'),
  effective_at: new Date('2026-05-04T10:30:00Z'),
  clock: 'ok',
  failed: true,
  total_files_synced: 0,
  total_errors: 1,
  internet_speed: 1.5,
  error_message: 'upload timed out',
};

describe('Sync events as CSV', () => {
  it('stand in the order of the header', () => {
    expect(CSV_HEADER).toBe(`${Object.keys(EVENT).join(',')}\r\n`);
    expect(csvLines([EVENT])).toBe(
      '17,PIBOX-7,boot-41:17,2026-05-04T10:30:00.000Z,2026-05-04T10:30:02.113Z,2026-05-04T10:30:00.000Z,ok,true,0,1,1.5,upload timed out\r\n',
    );
  });

  it('leave empty what is not known', () => {
    const line = csvLines([
      { ...EVENT, event_id: null, timestamp: null, internet_speed: null, error_message: null },
    ]);
    expect(line).toBe('17,PIBOX-7,,,2026-05-04T10:30:02.113Z,2026-05-04T10:30:00.000Z,ok,true,0,1,,\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1'])(
    'make no formula of %j',
    (error_message) => {
      expect(cellsOf(csvLines([{ ...EVENT, error_message }])).at(-1)).toBe(`'${error_message}`);
    },
  );

  it('give back any text, commas, quotes and line ends included', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', ' ', '💾') }),
        (error_message) => {
          const cells = cellsOf(csvLines([{ ...EVENT, error_message }]));
          expect(cells).toHaveLength(12);
          expect([error_message, `'${error_message}`]).toContain(cells.at(-1));
        },
      ),
    );
  });
});

/** The cells of one line, read as RFC 4180 has it. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let rest = line.replace(/\r\n$/, '');
  for (;;) {
    const [taken, quoted] = /^"((?:[^"]|"")*)"(?=,|$)|^[^",]*/.exec(rest) ?? [''];
    cells.push(quoted?.replaceAll('""', '"') ?? taken);
    if (taken.length === rest.length) return cells;
    rest = rest.slice(taken.length + 1);
  }
}
