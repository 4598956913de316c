/**
 * A vitest reporter that ends the run's output: what was skipped and why, what failed, then "N passed, N
 * failed, N skipped", including the checks before the tests (CHECKS_PASSED, CHECKS_FAILED).
 */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/** Characters shown of a failure's message, which is printed in full further up. */
const SHOWN_CHARACTERS = 300;

interface Failure {
  readonly message: string;
}

const checks = (name: string): number => Number(process.env[name] ?? 0);

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly Failure[]): void {
    const failures = errors.map((error) => `FAIL outside of the tests: ${brief([error])}`);
    const skips = new Map<string, string[]>();
    let passed = checks('CHECKS_PASSED');
    for (const module of modules) {
      for (const group of [module, ...module.children.allSuites()]) {
        const broken = group.errors();
        if (broken.length > 0) failures.push(`FAIL ${nameOf(group)}: ${brief(broken)}`);
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failures.push(`FAIL ${name}: ${brief(result.errors)}`);
        else {
          const why = (result.state === 'skipped' && result.note) || test.meta().missing || 'not run';
          skips.set(why, [...(skips.get(why) ?? []), name]);
        }
      }
    }
    const failed = failures.length + checks('CHECKS_FAILED');
    const skipped = [...skips.values()].reduce((sum, { length }) => sum + length, 0);
    const lines = [
      ...[...skips].map(([why, [first, ...more]]) => `skipped, ${why}: ${first}${andMore(more.length)}`),
      ...failures,
      `${passed} passed, ${failed} failed, ${skipped} skipped`,
    ];
    // Printed after the other reporters' output at the end of a run.
    process.once('exit', () => {
      console.log(lines.join('\n'));
      if (failed > 0) process.exitCode = 1;
    });
  }
}

function nameOf(group: TestModule | TestSuite): string {
  return group.type === 'module'
    ? group.relativeModuleId
    : `${group.module.relativeModuleId}: ${group.fullName}`;
}

function andMore(count: number): string {
  return count === 0 ? '' : ` and ${count} more`;
}

function brief(errors: readonly Failure[]): string {
  return errors.map(({ message }) => message.replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS)).join('; ');
}
