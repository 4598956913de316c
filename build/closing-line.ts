/**
 * A vitest reporter that ends the run's output: the time of each file, what was skipped and why, what failed,
 * then "N passed, N failed, N skipped", including the checks before the tests (CHECKS_PASSED, CHECKS_FAILED).
 * With WHOLE_RUN, what a run of all tests lacks is a failure, too; with PERSONS_HOME (contained.ts), what it
 * has left behind.
 */
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import { LeftBehind } from '../test/support/contained/left-behind.ts';
import { missingInWholeRun } from '../test/support/run/whole-run.ts';

/** Characters shown of a failure's message, which is printed in full further up. */
const SHOWN_CHARACTERS = 300;

interface Failure {
  readonly message: string;
}

const { PERSONS_HOME } = process.env;
const checks = (name: string): number => Number(process.env[name] ?? 0);

export default class ClosingLine implements Reporter {
  readonly #leftBehind = PERSONS_HOME === undefined ? undefined : new LeftBehind(PERSONS_HOME);

  onTestRunEnd(modules: readonly TestModule[], errors: readonly Failure[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const isWhole = process.env.WHOLE_RUN !== undefined && process.getuid?.() === 0;
    const failures = [
      ...errors.map((error) => `outside of the tests: ${brief([error])}`),
      ...modules.flatMap(brokenGroups),
      ...tests.flatMap(failureOf),
      ...(isWhole ? missingInWholeRun(tests.map(ranAs)) : []),
      ...(this.#leftBehind?.paths ?? []).map((path) => `left behind: ${path}`),
    ];
    const skips = Map.groupBy(tests.filter(isSkipped), whySkipped);
    const skipped = [...skips.values()].reduce((sum, { length }) => sum + length, 0);
    const passed = checks('CHECKS_PASSED') + tests.filter((test) => test.result().state === 'passed').length;
    const failed = checks('CHECKS_FAILED') + failures.length;
    const lines = [
      ...timesOf(modules),
      ...[...skips].map(([why = '', some]) => `skipped, ${why}: ${firstOf(some)}`),
      ...failures.map((failure) => `FAIL ${failure}`),
      `random choices of seed ${process.env.SEED}`,
      `${passed} passed, ${failed} failed, ${skipped} skipped`,
    ];
    // Printed after the other reporters' output at the end of a run.
    process.once('exit', () => {
      console.log(lines.join('\n'));
      if (failed > 0) process.exitCode = 1;
    });
  }
}

/** Returns the time of each file, the slowest first. */
function timesOf(modules: readonly TestModule[]): string[] {
  return modules
    .map((module) => ({ file: module.relativeModuleId, ms: module.diagnostic().duration }))
    .toSorted((one, other) => other.ms - one.ms)
    .map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s ${file}`);
}

/** Returns the failures of a file's hooks. */
function brokenGroups(module: TestModule): string[] {
  return [module, ...module.children.allSuites()].flatMap((group) => {
    const broken = group.errors();
    return broken.length > 0 ? [`${nameOf(group)}: ${brief(broken)}`] : [];
  });
}

function failureOf(test: TestCase): string[] {
  const result = test.result();
  return result.state === 'failed' ? [`${nameOf(test)}: ${brief(result.errors)}`] : [];
}

function isSkipped(test: TestCase): boolean {
  return whySkipped(test) !== undefined;
}

/** Returns why a test was skipped; undefined for one that ran. */
function whySkipped(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === 'passed' || result.state === 'failed') return undefined;
  return (result.state === 'skipped' && result.note) || test.meta().missing || 'not run';
}

function ranAs(test: TestCase) {
  return { file: test.module.relativeModuleId, title: test.name, skipped: whySkipped(test) };
}

function nameOf(item: TestModule | TestSuite | TestCase): string {
  return item.type === 'module' ? item.relativeModuleId : `${item.module.relativeModuleId}: ${item.fullName}`;
}

function firstOf([first, ...others]: readonly TestCase[]): string {
  return `${first ? nameOf(first) : ''}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

function brief(errors: readonly Failure[]): string {
  return errors.map(({ message }) => message.replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS)).join('; ');
}
