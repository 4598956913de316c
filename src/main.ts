/**
 * One program with several roles: the first word of the command line selects one, and only its code is
 * loaded.
 */
import { writeSync } from 'node:fs';
import { startClean } from './entry/packaged/clean-start.ts';
import { nameProcess } from './entry/process-name.ts';
import { roleOf, wantsRoleHelp } from './entry/role.ts';
import { DONE } from './exit-status.ts';
import { versionLine } from './version.ts';

const STDOUT = 1;

startClean();
nameProcess('latchkey');
const parsed = roleOf(process.argv.slice(2));
const { role = '', rest } = parsed;

/** Runs the role named by `role`; resolves with the exit status. */
async function run(): Promise<number> {
  if (wantsRoleHelp(parsed)) return runCli([role, '--help']);
  switch (role) {
    case 'serve':
      return (await import('./serve/main.ts')).runServe(rest);
    case 'link':
      process.argv.splice(2, Number.POSITIVE_INFINITY, role, ...rest); // for running itself again
      return (await import('./link/main.ts')).runLink(rest);
    case 'tui':
      return (await import('../tui/main.tsx')).runTui(rest);
    case 'doctor':
      return (await import('./doctor/main.ts')).runDoctor(rest);
    case 'version':
      return rest.length === 0 && printVersion() ? DONE : runCli();
    default:
      return runCli();
  }
}

/**
 * Prints the version without the command line's code, which takes longer to load than everything here.
 * Returns false when that fails; the command line then reports the error.
 */
function printVersion(): boolean {
  try {
    writeSync(STDOUT, `${versionLine()}\n`);
    return true;
  } catch {
    return false;
  }
}

/** Ends the process when the command has ended and all is printed, whatever connection is still open then. */
async function runCli(argv = process.argv.slice(2)): Promise<never> {
  process.exit(await (await import('./cli/main.ts')).runCli(argv));
}

void run().then((status) => {
  process.exitCode = status;
});
