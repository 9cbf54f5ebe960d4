import { HARMLESS_LENGTH, isNestedDeeperThan } from './json-depth.js';

/** Long enough to be looked through. */
function padded(json: string): string {
  return json.padStart(HARMLESS_LENGTH);
}

describe('The depth of a JSON text', () => {
  it.each([
    ['as deep as allowed', '[{"a":[1]}]', false],
    ['one level deeper', '[{"a":[[1]]}]', true],
    ['side by side', '[[1],[2],[3],{"a":1},{"b":2}]', false],
    ['brackets inside a string', '["[[[[{{{{"]', false],
    ['brackets behind an escaped quote', '["\\"[[[[{{{{"]', false],
    ['brackets behind an escaped backslash', '["\\\\",[[[1]]]]', true],
    ['a string without an end', '["[[[[', false],
  ])('counts what is open at once: %s', (_name, json, isTooDeep) => {
    expect(isNestedDeeperThan(3, padded(json))).toBe(isTooDeep);
  });

  it('is no matter in a text too short to nest far', () => {
    expect(isNestedDeeperThan(3, '[[[[[]]]]]')).toBe(false);
  });
});
