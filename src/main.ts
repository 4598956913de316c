/**
 * One program with several roles: the first word of the command line selects one, and only its code is
 * loaded.
 */
import { writeSync } from 'node:fs';
import { COPY_PROGRAM } from './entry/copy-program.ts';
import { startClean } from './entry/packaged/clean-start.ts';
import { nameProcess } from './entry/process-name.ts';
import { rawArguments, rawVariable } from './entry/raw-arguments.ts';
import { type RoleArguments, roleOf, wantsRoleHelp } from './entry/role.ts';
import { DONE, LATCHKEY_FAILED, USAGE } from './exit-status.ts';
import { versionLine } from './version.ts';

const STDOUT = 1;
const STDERR = 2;

/** Runs the role that the command line names; resolves with the exit status. */
async function main(): Promise<number> {
  await startClean();
  nameProcess('latchkey');
  let argv: readonly string[];
  try {
    argv = rawArguments(process.argv.slice(2));
    const variable = rawVariable(process.env);
    if (variable !== undefined) return refuse(`the variable ${variable} is not UTF-8`);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  return run(argv, roleOf(argv));
}

async function run(argv: readonly string[], parsed: RoleArguments): Promise<number> {
  const { role = '', rest } = parsed;
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
    case COPY_PROGRAM:
      return (await import('./copy/main.ts')).runCopy(rest);
    case 'version':
      return rest.length === 0 && printVersion() ? DONE : runCli(argv);
    default:
      return runCli(argv);
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

/** Reports why nothing can be done. Returns the exit status. */
function refuse(why: string): number {
  writeSync(STDERR, `latchkey: ${why}\n`);
  const { role = '' } = roleOf(process.argv.slice(2));
  return role === 'start' || role === 'attach' ? LATCHKEY_FAILED : USAGE;
}

/** Ends the process when the command has ended and all is printed, whatever connection is still open then. */
async function runCli(argv: readonly string[]): Promise<never> {
  process.exit(await (await import('./cli/main.ts')).runCli(argv));
}

void main().then((status) => {
  process.exitCode = status;
});
