/** Checks what a run of all tests has to show besides that none failed. */
import { isTitled, readRequirements } from './requirements.ts';

/** A test of the run. */
export interface Ran {
  /** Path from the root of the project. */
  readonly file: string;
  /** Its own title, without those of its suites. */
  readonly title: string;
  /** Why it was skipped, if it was. */
  readonly skipped?: string | undefined;
}

/**
 * Reasons that lie in the machine. As root, nothing else is a reason to skip: `npm test` installs the rest.
 */
const OF_THE_MACHINE = [
  /^needs namespaces of its own/,
  /^needs cgroups of version 2$/,
  /^cgroups of version 2 lack the controllers /,
  /^needs permission to trace processes/,
  /^needs a loop device/,
  /^needs a system to boot/,
];

/** Returns what a run as root lacks, a line each. */
export function missingInWholeRun(tests: readonly Ran[]): string[] {
  return [...needlessSkips(tests), ...requirementsNotTested(tests)];
}

function needlessSkips(tests: readonly Ran[]): string[] {
  return tests.flatMap(({ file, title, skipped }) =>
    skipped === undefined || OF_THE_MACHINE.some((reason) => reason.test(skipped))
      ? []
      : [`skipped without need: ${file}: ${title}: ${skipped}`],
  );
}

function requirementsNotTested(tests: readonly Ran[]): string[] {
  const { rows } = readRequirements();
  return rows
    .filter((row) => !tests.some(({ file, title }) => isIn(row.file, file) && isTitled(row, title)))
    .map(({ ids, file, title }) => `not run, though it shows ${ids.join(', ')}: ${file}: ${title}`);
}

/** Returns true for a test of `ran` that a row says is in `file`; one of a contract is run by other files. */
function isIn(file: string, ran: string): boolean {
  return file === ran || !file.endsWith('.test.ts');
}
