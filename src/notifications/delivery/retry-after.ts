/** The only form in which HTTP dates may still be sent: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How long a receiver wants to be left alone: a number of seconds or a date. What is neither counts for nothing.
 *
 * @returns seconds, from 0
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterSeconds(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!HTTP_DATE.test(text)) return undefined;
  const then = Date.parse(text);
  return Number.isNaN(then) ? undefined : Math.max(0, Math.ceil((then - now.getTime()) / 1_000));
}
