/**
 * A vitest reporter that closes the run: every skip with its reason, then "N passed, N failed, N skipped",
 * the checks before the tests (CHECKS_PASSED, CHECKS_FAILED) included.
 */
import type { Reporter, TestModule } from 'vitest/node';

const checks = (name: string): number => Number(process.env[name] ?? 0);

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = {
      passed: checks('CHECKS_PASSED'),
      failed: checks('CHECKS_FAILED') + errors.length,
      skipped: 0,
    };
    const skips: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        count.failed += 1;
      for (const test of tests) {
        const result = test.result();
        if (result.state === 'passed') count.passed += 1;
        else if (result.state === 'failed') count.failed += 1;
        else {
          count.skipped += 1;
          const why = result.state === 'skipped' ? result.note : 'it did not run';
          skips.push(`skipped: ${test.fullName}: ${why ?? 'no reason given'}`);
        }
      }
    }
    // After what the other reporters print at the end of a run.
    process.once('exit', () => {
      const { passed, failed, skipped } = count;
      console.log([...skips, `${passed} passed, ${failed} failed, ${skipped} skipped`].join('\n'));
      if (failed > 0) process.exitCode = 1;
    });
  }
}
