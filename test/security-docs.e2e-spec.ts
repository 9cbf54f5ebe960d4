import { readFileSync } from 'node:fs';

/** Rows that nothing within the tests holds; each says what does. */
const WITHOUT_A_TEST = ['T20'];

const threats = readFileSync('docs/security.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| T\d+ /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, id, , , , heldBy]) => ({ id, tests: testsIn(heldBy) }));

/** What stands in a row as `file` > name, with a break between two. */
function testsIn(heldBy: string): { file: string; name: string }[] {
  return heldBy.split('<br>').flatMap((reference) => {
    const [, file, name] = /^`((?:test|src)\/[^`]+)` > (.+)$/.exec(reference) ?? [];
    return file ? [{ file, name }] : [];
  });
}

describe('The table of threats in docs/security.md', () => {
  it('has a row for each', () => {
    expect(threats.map(({ id }) => id)).toEqual(Array.from({ length: 24 }, (_, row) => `T${row + 1}`));
  });

  it('names tests that are there', () => {
    for (const { id, tests } of threats) {
      expect([id, tests.length > 0]).toEqual([id, !WITHOUT_A_TEST.includes(id)]);
      for (const { file, name } of tests)
        expect([id, name, readFileSync(file, 'utf8').includes(name)]).toEqual([id, name, true]);
    }
  });
});
