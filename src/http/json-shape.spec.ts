import { beyondShape, HARMLESS_LENGTH } from './json-shape.js';

/** Long enough to be looked through. */
function padded(json: string): string {
  return json.padStart(HARMLESS_LENGTH);
}

describe('The depth of a JSON text', () => {
  const most = { levels: 3, values: Infinity };

  it.each([
    ['as deep as allowed', '[{"a":[1]}]', undefined],
    ['one level deeper', '[{"a":[[1]]}]', 'levels'],
    ['side by side', '[[1],[2],[3],{"a":1},{"b":2}]', undefined],
    ['brackets inside a string', '["[[[[{{{{"]', undefined],
    ['brackets behind an escaped quote', '["\\"[[[[{{{{"]', undefined],
    ['brackets behind an escaped backslash', '["\\\\",[[[1]]]]', 'levels'],
    ['a string without an end', '["[[[[', undefined],
  ])('counts what is open at once: %s', (_name, json, beyond) => {
    expect(beyondShape(most, padded(json))).toBe(beyond);
  });

  it('is no matter in a text too short to nest far', () => {
    expect(beyondShape(most, '[[[[[]]]]]')).toBeUndefined();
  });
});

describe('The values of a JSON text', () => {
  const most = { levels: 32, values: 4 };

  it.each([
    ['as many keys as allowed', '{"a":1,"b":2,"c":3,"d":4}', undefined],
    ['one key more', '{"a":1,"b":2,"c":3,"d":4,"e":5}', 'values'],
    ['as many objects', '[{},{},{}]', 'values'],
    ['commas inside strings', '{"a,,,,,,":",,,,,"}', undefined],
    ['the same key again and again', '{"a":1,"a":1,"a":1,"a":1,"a":1}', 'values'],
  ])('are counted, wherever they stand: %s', (_name, json, beyond) => {
    expect(beyondShape(most, padded(json))).toBe(beyond);
  });
});
