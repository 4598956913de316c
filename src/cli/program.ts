/** All commands, as commander defines them. Help, completion and manual pages are made from these. */
import { Command } from 'commander';
import { DOCTOR } from '../entry/roles/doctor.ts';
import { LINK } from '../entry/roles/link.ts';
import { SERVE } from '../entry/roles/serve.ts';
import { TUI } from '../entry/roles/tui.ts';
import type { Io } from '../terminal/io.ts';
import { versionLine } from '../version.ts';
import { addCa } from './commands/ca.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addLicenses } from './commands/licenses.ts';
import { addLinks } from './commands/links.ts';
import { addLogin } from './commands/login.ts';
import { addLogins } from './commands/logins.ts';
import { addLogout } from './commands/logout.ts';
import { addAttach } from './commands/sessions/attach.ts';
import { addCp } from './commands/sessions/cp.ts';
import { addSessions } from './commands/sessions/sessions.ts';
import { addStart } from './commands/sessions/start.ts';
import { addStatus } from './commands/status.ts';
import { addTokens } from './commands/tokens.ts';
import { addTrust } from './commands/trust.ts';
import { addVersion } from './commands/version.ts';
import { addWhoami } from './commands/whoami.ts';
import { addComplete } from './completion/complete.ts';
import { addGlobals } from './globals.ts';
import { addNotes, HELP_LAYOUT } from './help.ts';
import { refuseRawBytes } from './input/raw-bytes.ts';
import { addRole } from './role-command.ts';
import type { Act } from './run.ts';
import { addUsageHints } from './usage-hint.ts';

const EXIT = {
  title: 'Exit status',
  text:
    '0 success, 1 failure, 2 usage, 3 not logged in, 4 not allowed, 5 not found, 6 unreachable, 78 invalid ' +
    "configuration. start and attach exit with the program's status, or with 255 when they fail themselves.",
};

/**
 * Builds the program with all its commands; `act` turns their work into actions. Commander throws instead of
 * exiting.
 */
export function buildProgram(act: Act, io: Io): Command {
  const width = (): number | undefined => (io.stdout.isTTY === true ? io.stdout.columns : undefined);
  const program = new Command('latchkey')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {}, // failure.ts reports it in one line
      getOutHelpWidth: () => width() ?? 80,
      getErrHelpWidth: () => width() ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .description('Logins, revocable tokens, and programs run as their own Linux user.')
    .usage('[options] COMMAND …')
    .enablePositionalOptions()
    .configureHelp(HELP_LAYOUT)
    .version(versionLine(), '-V, --version', 'print the version');
  addNotes(program, EXIT);
  program.commandsGroup('Logging in and out:');
  addRole(program, act, LINK);
  for (const add of [addTrust, addLogin, addWhoami, addLogout]) add(program, act);
  program.commandsGroup('Running programs:');
  for (const add of [addStart, addAttach, addSessions, addCp]) add(program, act);
  program.commandsGroup('Managing logins:');
  for (const add of [addLogins, addTokens, addLinks]) add(program, act);
  addRole(program, act, TUI);
  program.commandsGroup('The server:');
  addRole(program, act, SERVE);
  addConfig(program, act);
  addCa(program, act);
  addRole(program, act, DOCTOR);
  program.commandsGroup('Other commands:').helpCommand('help [command]', 'show help for a command');
  for (const add of [addStatus, addCompletion, addComplete, addLicenses, addVersion]) add(program, act);
  addGlobals(program);
  refuseMoreArguments(program);
  addUsageHints(program, PROGRAM_COMMANDS);
  program.hook('preAction', (_program, command) => refuseRawBytes(command));
  return program;
}

/**
 * Makes every subcommand refuse more arguments than it takes, which it would inherit from its parent not to
 * do: an id that is dropped in silence would look as if something had been done with it.
 */
function refuseMoreArguments(program: Command): void {
  for (const { commands } of program.commands) for (const each of commands) each.allowExcessArguments(false);
}

const PROGRAM_COMMANDS: ReadonlySet<string> = new Set(['start', 'attach']);
