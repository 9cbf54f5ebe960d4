import type { AuditDetails } from '../../database/audit.repository.js';

/** Instead of a value that is a secret, or somebody's own: what stands in the log can never be taken out again. */
const NOT_SHOWN = '(not shown)';

/**
 * What was given, by the names of the fields, in the order of the lists. What stands in neither list was not looked
 * at by the route, and is left out: else any text could be written into the log.
 */
export function auditDetails(
  given: Readonly<Record<string, unknown>>,
  shows: readonly string[] = [],
  hides: readonly string[] = [],
): AuditDetails {
  const isGiven = (field: string): boolean => Object.hasOwn(given, field) && given[field] !== undefined;
  return {
    ...Object.fromEntries(shows.filter(isGiven).map((field) => [field, harmless(given[field])])),
    ...Object.fromEntries(hides.filter(isGiven).map((field) => [field, NOT_SHOWN])),
  };
}

/** Plain values and lists of them, as the validators of all routes have them; of anything else only its name. */
function harmless(value: unknown): AuditDetails[string] {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
    return value as string | number | boolean | null;
  const isListOfTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isListOfTexts ? (value as string[]) : NOT_SHOWN;
}
