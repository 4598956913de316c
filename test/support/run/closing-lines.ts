/** The last lines of a run of one test file, as `npm test` prints them (build/closing-line.ts). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ROOT = `${import.meta.dirname}/../../..`;

/** Variables by which `npm test` tells of the whole run, or of where it is. */
const OF_THE_RUN = ['TEST_WORLD', 'CHECKS_PASSED', 'CHECKS_FAILED', 'WHOLE_RUN', 'PERSONS_HOME'];

/** Program that runs a file of tests. */
const runOf = (file: string): string => `import { startVitest } from 'vitest/node';
await startVitest('test', [], {
  config: false, watch: false, include: ['${file}'], reporters: ['./build/closing-line.ts'], pool: 'forks',
  setupFiles: ['test/support/run/set-up-file.ts'], execArgv: ['--disable-warning=ExperimentalWarning'],
});`;

/**
 * Returns the lines that a run of the file prints where there is no world. `variables` are added to the
 * environment; `under` are arguments for Node.js, for a program that runs the rest of its command line.
 */
export async function closingLines(
  file: string,
  variables: NodeJS.ProcessEnv = {},
  ...under: string[]
): Promise<string[]> {
  const without = Object.fromEntries(OF_THE_RUN.map((name) => [name, undefined]));
  const env = { ...process.env, ...without, SEED: '7', ...variables };
  const quiet = '--disable-warning=ExperimentalWarning';
  const run = [quiet, '--input-type=module', '--eval', runOf(file)];
  const argv = under.length === 0 ? run : [quiet, ...under, process.execPath, ...run];
  const ended = promisify(execFile)(process.execPath, argv, { cwd: ROOT, env });
  const { stdout } = await ended.catch((failed: { stdout: string }) => failed);
  return stdout.trim().split('\n');
}
