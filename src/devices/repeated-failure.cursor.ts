import { FailureRank } from '../database/repeated-failure.repository.js';
import { parseTimestamp } from '../domain/timestamp.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../http/cursor.js';
import { deviceIdOfCursor } from '../http/device-id.pipe.js';
import type { TimeWindow } from '../domain/time-window.js';

/** Where the list of repeated failures continues, and of which window: "the last 24 hours" moves on, a list must not. */
export interface RepeatedFailurePlace {
  readonly rank: FailureRank;
  readonly window: TimeWindow | undefined;
}

/** Stands for a time in the cursor of a list of all time. */
const ALL_TIME = '';

export function cursorAfter({ failures, deviceId }: FailureRank, window: TimeWindow | undefined): string {
  return encodeCursor([
    failures,
    deviceId,
    window?.from.toISOString() ?? ALL_TIME,
    window?.to.toISOString() ?? ALL_TIME,
  ]);
}

/** @throws ValidationFailed */
export function placeOf(cursor: string): RepeatedFailurePlace {
  const [failures, deviceId, from, to] = decodeCursor<[number, string, string, string]>(
    cursor,
    ...(['number', 'string', 'string', 'string'] as const),
  );
  return {
    rank: { failures, deviceId: deviceIdOfCursor(deviceId) },
    window: from === ALL_TIME && to === ALL_TIME ? undefined : { from: timeOf(from), to: timeOf(to) },
  };
}

function timeOf(text: string): Date {
  const time = parseTimestamp(text);
  if (!time) throw invalidCursor();
  return time;
}
