import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { Recording } from '../database/sync-event.repository.js';
import { FieldError } from '../domain/domain-error.js';
import { isRefused, RefusedReport } from './sync-event-report.js';
import { SyncEventRequest } from './sync-event-request.dto.js';

/** An upload that says when it was sent. */
export class SyncEventUploadRequest {
  /**
   * The device's clock when it began to send. From two minutes off on, the `timestamp` of every event here is shifted
   * by the difference; the events' own `sent_at` are not looked at then.
   * @example 2026-05-04T10:35:00Z
   */
  sent_at?: string | null;

  /** Up to 1000, of any devices, in any order. */
  events: SyncEventRequest[];
}

/** What is wrong with a field of an event. */
export class FieldProblem {
  /** @example total_errors */
  field: string;

  /** @example must be an integer from 0 to 2147483647 */
  message: string;
}

export enum ItemOutcome {
  recorded = 'recorded',
  duplicate = 'duplicate',
  conflict = 'conflict',
  rejected = 'rejected',
}

/** What became of one event of an upload. */
export class ItemResult {
  /**
   * Which event: its place in the upload, from 0 on.
   * @example 0
   */
  index: number;

  /**
   * `recorded`: stored. `duplicate`: its `event_id` was stored before with the same content. `conflict`: its `event_id`
   * is stored with other content, which stays. `rejected`: not stored, `errors` says why. None need be sent again.
   */
  @ApiProperty({ enum: ItemOutcome, example: ItemOutcome.recorded })
  outcome: `${ItemOutcome}`;

  /**
   * The stored event; not there when rejected.
   * @example 17
   */
  id?: number;

  /** Why it was rejected, by the names of its fields. */
  errors?: FieldProblem[];
}

/** What became of an upload. */
@ApiExtraModels(SyncEventRequest, SyncEventUploadRequest)
export class SyncEventUploadResult {
  /** @example 2 */
  recorded: number;

  /** @example 1 */
  duplicates: number;

  /** @example 0 */
  conflicts: number;

  /** @example 1 */
  rejected: number;

  /** One for each event, in their order; with `Prefer: return=minimal` only conflicts and rejected ones. */
  results: ItemResult[];
}

const COUNT_OF = {
  recorded: 'recorded',
  duplicate: 'duplicates',
  conflict: 'conflicts',
  rejected: 'rejected',
} as const;

/** @param onlyUnstored leaves out the items whose event is stored, now or before */
export function syncEventUploadResult(
  settled: readonly (Recording | RefusedReport)[],
  onlyUnstored: boolean,
): SyncEventUploadResult {
  const result: SyncEventUploadResult = {
    recorded: 0,
    duplicates: 0,
    conflicts: 0,
    rejected: 0,
    results: [],
  };
  settled.forEach((item, index) => {
    const itemResult: ItemResult = isRefused(item)
      ? { index, outcome: 'rejected', errors: item.errors as FieldError[] }
      : { index, outcome: item.outcome, id: item.id };
    const { outcome } = itemResult;
    result[COUNT_OF[outcome]] += 1;
    const isStored = outcome === 'recorded' || outcome === 'duplicate';
    if (!(onlyUnstored && isStored)) result.results.push(itemResult);
  });
  return result;
}
