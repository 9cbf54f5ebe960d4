const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

const MINUTE_MS = 60_000;

/** 0001-01-01 and 10000-01-01: outside them the text has no four-digit year. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_800_000;

/**
 * Reads an RFC 3339 time with a zone, strictly: the day must exist, 24:00 does not, `T` or a space
 * stands between date and time. A leap second (23:59:60 UTC) is read as the second after it, as
 * PostgreSQL does. Digits below the millisecond are cut off.
 *
 * `Date.parse` is no use here: it turns 30 February into 2 March and takes a dozen other forms.
 *
 * @returns undefined for a text that is no such time
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseTimestamp(text: string): Date | undefined {
  const parts = RFC_3339.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const milliseconds = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offsetHours = Number(parts[9] ?? 0);
  const offsetMinutes = Number(parts[10] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) return undefined;

  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, milliseconds);
  const offset = (offsetHours * 60 + offsetMinutes) * MINUTE_MS * (parts[8] === '-' ? -1 : 1);
  const instant = local.getTime() - offset;
  if (instant < EARLIEST_MS || instant >= LATEST_MS) return undefined;
  if (second === 60 && !isLastSecondOfAUtcDay(instant - milliseconds)) return undefined;
  return new Date(instant);
}

/** A leap second has been counted on by one already, so it shows as the midnight after it. */
function isLastSecondOfAUtcDay(instant: number): boolean {
  return instant % (24 * 60 * MINUTE_MS) === 0;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
