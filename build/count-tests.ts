/**
 * Adds vitest's results to the checks before it and closes the run: every skip with its reason, then
 * "N passed, N failed, N skipped". Exits 1 when anything failed or vitest itself did.
 */
import { readFileSync } from 'node:fs';

const [file = '', passedChecks, failedChecks, vitestStatus] = process.argv.slice(2);

interface Report {
  testResults: {
    name: string;
    status: string;
    assertionResults: { status: string; fullName: string; meta?: { skipReason?: string } }[];
  }[];
}

let passed = Number(passedChecks);
let failed = Number(failedChecks);
let skipped = 0;

let report: Report = { testResults: [] };
try {
  report = JSON.parse(readFileSync(file, 'utf8')) as Report;
} catch {
  failed += 1;
  console.log('vitest left no report');
}
for (const { assertionResults, status } of report.testResults) {
  if (status === 'failed' && assertionResults.length === 0) failed += 1; // a file that did not load
  for (const test of assertionResults) {
    if (test.status === 'passed') passed += 1;
    else if (test.status === 'failed') failed += 1;
    else {
      skipped += 1;
      console.log(`skipped: ${test.fullName}: ${test.meta?.skipReason ?? 'no reason given'}`);
    }
  }
}
if (Number(vitestStatus) !== 0 && failed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
