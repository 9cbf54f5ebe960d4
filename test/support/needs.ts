import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * A `describe` for tests that need programs this machine may lack: `needs('redis-server')('Shared limits',
 * () => ...)`. Where one is missing the tests are skipped, and one line says so; with REQUIRE_ALL=1, as in
 * CI, that is a failure instead, so that a test cannot go unrun for ever without anybody knowing.
 */
export function needs(...programs: string[]): (name: string, tests: () => void) => void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return describe;
  const reason = `needs ${missing.join(' and ')}, not installed here`;
  return (name, tests) => {
    if (process.env.REQUIRE_ALL === '1') {
      describe(name, () => {
        it(reason, () => {
          throw new Error(`${reason}, and REQUIRE_ALL=1 allows no skipping`);
        });
      });
      return;
    }
    process.stderr.write(`Skipped: "${name}" ${reason}\n`);
    describe.skip(name, tests);
  };
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
