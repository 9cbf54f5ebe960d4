// `npm test [-- jest arguments]`: unit and end-to-end tests, the latter on a PostgreSQL of their own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureReady, run } from './bootstrap.mjs';

await ensureReady();

const scratch = mkdtempSync(join(tmpdir(), 'pisync-test-'));
const countsFile = join(scratch, 'counts.json');
const code = await run(
  process.execPath,
  [
    // Jest runs ES modules only with this flag, and would warn of it in every worker.
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...process.argv.slice(2),
  ],
  { env: { NODE_ENV: 'test', PISYNC_TEST_COUNTS: countsFile } },
);
const { passed, failed, skipped, skippedTests } = counts();
rmSync(scratch, { recursive: true, force: true });
for (const name of filtered() ? [] : skippedTests) console.log(`Skipped: ${name}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(code);

/** Without a report (Jest itself failed, or its setup) something has failed all the same. */
function counts() {
  try {
    return JSON.parse(readFileSync(countsFile, 'utf8'));
  } catch {
    return { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0, skippedTests: [] };
  }
}

/** Whoever asks for some tests by their title knows that all the others are left out. */
function filtered() {
  return process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument));
}
