import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { parseSyncEventReport } from './sync-event-report.js';
import { SyncEventRequest } from './sync-event-request.dto.js';

const aCount = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom(2_147_483_646, 2_147_483_647, 2_147_483_648, 0.5, null, undefined, '1', true),
);
const aTime = fc.constantFrom(
  '2026-05-04T10:30:00Z',
  '2026-02-30T10:30:00Z',
  '2026-05-04',
  7,
  null,
  undefined,
);
const aText = (longest: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: 2 }).map((more) => 'x'.repeat(longest - 1 + more)),
    fc.integer({ min: 0, max: 2 }).map((more) => '💾'.repeat(longest - 1 + more)),
    fc.constantFrom('', 'a', 7, null, undefined),
  );

const aBody = fc.record(
  {
    device_id: fc.constantFrom(
      'PIBOX-7',
      'x'.repeat(255),
      'x'.repeat(256),
      '',
      '-x',
      'a b',
      7,
      null,
      undefined,
    ),
    timestamp: aTime,
    sent_at: aTime,
    total_files_synced: aCount,
    total_errors: aCount,
    internet_speed: fc.constantFrom(0, -1, 1.5, 100_000, 100_000.5, '1', null, undefined),
    event_id: aText(128),
    error_message: aText(1_000),
  },
  { requiredKeys: [] },
);

const fieldsRefusedByTheCode = (body: object): string[] => {
  try {
    parseSyncEventReport(body);
    return [];
  } catch (error) {
    return (error as { errors: { field: string }[] }).errors.map(({ field }) => field).sort();
  }
};

const fieldsRefusedByTheDocument = (body: object): string[] =>
  validateSync(plainToInstance(SyncEventRequest, body))
    .map(({ property }) => property)
    .sort();

describe('The documented request', () => {
  it('allows and refuses the very fields that the check of reports does', () => {
    fc.assert(
      fc.property(aBody, (body) => {
        expect(fieldsRefusedByTheDocument(body)).toEqual(fieldsRefusedByTheCode(body));
      }),
      { numRuns: 2_000 },
    );
  });
});
