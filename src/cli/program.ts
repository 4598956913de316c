/** All verbs, as commander knows them; help and completions are made from these. */
import { Command, Help } from 'commander';
import { AppError } from '../errors.ts';
import type { Io } from '../terminal/io.ts';
import { versionLine } from '../version.ts';
import { addAttach } from './commands/attach.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addLicenses } from './commands/licenses.ts';
import { addLinks } from './commands/links.ts';
import { addLogin } from './commands/login.ts';
import { addLogout } from './commands/logout.ts';
import { addSessions } from './commands/sessions.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addTokens } from './commands/tokens.ts';
import { addTrust } from './commands/trust.ts';
import { addVersion } from './commands/version.ts';
import { addWhoami } from './commands/whoami.ts';
import { addKnown } from './completion/complete.ts';
import { addGlobals } from './globals.ts';
import type { Act } from './run.ts';
import { hintAtHelp } from './usage-hint.ts';

const EXIT = `
Exit status: 0 done, 1 failed, 2 usage, 3 not logged in, 4 not allowed,
5 not found, 6 unreachable, 78 bad configuration. start and attach end with
the program's own, and with 255 when they fail.`;

/** The program with all its verbs; `act` makes their work actions. Instead of exiting, commander throws. */
export function buildProgram(act: Act, io: Io): Command {
  const width = (): number | undefined => (io.stdout.isTTY === true ? io.stdout.columns : undefined);
  const program = new Command('latchkey')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {}, // told in one line by failure.ts
      getOutHelpWidth: () => width() ?? 80,
      getErrHelpWidth: () => width() ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .description('Logins, revocable tokens, and programs run as their own Linux user.')
    .usage('[options] COMMAND …')
    .enablePositionalOptions()
    .configureHelp({ formatHelp: commandsFirst, minWidthToWrap: 20, subcommandTerm: withoutOptions })
    .version(versionLine(), '-V, --version', 'the version')
    .addHelpText('after', EXIT);
  program.commandsGroup('Getting in and out:');
  addRole(program, act, 'link', 'log in as the Linux user you are, and take starts')
    .option('--daemon', 'in the background, for every login of yours')
    .option('--print-token', 'print the token instead of storing it')
    .option('--run <dir>', "the server's run directory");
  for (const add of [addTrust, addLogin, addWhoami, addLogout]) add(program, act);
  program.commandsGroup('Programs:');
  for (const add of [addStart, addAttach, addSessions]) add(program, act);
  program.commandsGroup('Looking after logins:');
  for (const add of [addTokens, addLinks]) add(program, act);
  addRole(program, act, 'tui', 'watch and look after all of it on one screen')
    .argument('[server]', 'host:port')
    .option('--screen <name>', 'the screen to begin with')
    .option('--read-only', 'offer nothing that changes anything')
    .option('--ascii', 'draw with ASCII alone')
    .option('--mouse', 'have the mouse move and open')
    .option('--screen-reader', 'plain text that is read aloud as it changes')
    .option('--theme <theme>', 'dark, light, 16 or none')
    .option('--run <dir>', "the local server's run directory")
    .option('--ca <file>', "the server's CA certificate, PEM")
    .option('--token-file <file>', 'the token to use')
    .option('--local-admin', "use the local server's administrator token");
  program.commandsGroup('The server:');
  addRole(program, act, 'serve', 'run the server').option('--config <file>', 'the configuration file');
  addConfig(program, act);
  addRole(program, act, 'doctor', 'say whether everything is in order, and what to do if not')
    .option('--config <file>', 'the configuration file')
    .option('--run <dir>', "the server's run directory")
    .option('--json', 'the findings as JSON');
  program.commandsGroup('This program:').helpCommand('help [command]', 'help for a command');
  for (const add of [addStatus, addCompletion, addKnown, addLicenses, addVersion]) add(program, act);
  addGlobals(program, ROLES);
  hintAtHelp(program, STAND_INS);
  return program;
}

const STAND_INS: ReadonlySet<string> = new Set(['start', 'attach']);
const ROLES: ReadonlySet<string> = new Set(['serve', 'link', 'tui', 'doctor']);

/** A role that src/main.ts runs itself; here for the help and the completions. */
function addRole(program: Command, act: Act, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addHelpText('after', `\nMore: latchkey ${name} --help`)
    .allowExcessArguments()
    .allowUnknownOption()
    .action(
      act(async () => {
        throw new AppError('USAGE', `'${name}' comes first on the line: latchkey ${name} [options]`);
      }),
    );
}

/** The help as commander makes it, with the commands first, then the command's own options, then everybody's. */
function commandsFirst(command: Command, help: Help): string {
  const sections = Help.prototype.formatHelp.call(help, command, help).trimEnd().split('\n\n');
  const last = ['Options:', 'Everywhere:'].flatMap((heading) =>
    sections.filter((section) => section.startsWith(`${heading}\n`)),
  );
  const first = sections.filter((section) => !last.includes(section));
  return `${[...first, ...last].join('\n\n')}\n`;
}

/** "revoke [jti...]": that there are options goes without saying. */
function withoutOptions(command: Command): string {
  return Help.prototype.subcommandTerm.call(new Help(), command).replace(' [options]', '');
}
