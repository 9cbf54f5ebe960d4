import { writeFileSync } from 'node:fs';

/** Leaves the totals for bin/test.mjs, which closes the run with them. */
export default class CountsReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.PISYNC_TEST_COUNTS;
    if (!file) return;
    const counts = {
      passed: results.numPassedTests,
      // A file that cannot even be loaded holds no test that could fail.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
      skippedTests: results.testResults
        .flatMap((file) => file.testResults)
        .filter(({ status }) => status === 'pending' || status === 'todo')
        .map(({ fullName }) => fullName),
    };
    writeFileSync(file, JSON.stringify(counts));
  }
}
