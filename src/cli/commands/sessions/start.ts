/**
 * `latchkey start`: runs a program as the caller's Linux user. Its input, output and exit status become those
 * of this command.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../../errors.ts';
import type { Session, StartSessionRequest } from '../../../generated/latchkey/v1/session.ts';
import { sessions } from '../../../nouns/sessions.ts';
import { asJson } from '../../../terminal/json.ts';
import { bytesOf } from '../../../values/raw-text.ts';
import { addNotes } from '../../help.ts';
import { jsonObject } from '../../output/json-object.ts';
import { itemMembers } from '../../output/listing.ts';
import { showSession } from '../../output/show-session.ts';
import { withProgramStatus } from '../../program-status.ts';
import type { Act, Run } from '../../run.ts';
import { chosenDetachKey, detachKeyOption } from '../../terminal/detach-key.ts';
import { sizeOf } from '../../terminal/local-size.ts';
import { ANSWERS_OPTION, withLink } from '../../with-link.ts';

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly stdin?: boolean;
  readonly stdinJson?: Record<string, unknown>;
  readonly detach?: boolean;
  readonly answersStdin?: boolean;
  readonly pty?: boolean;
  readonly detachKey?: string;
}

const NOTES = [
  "Prints the program's output as it comes, and exits with its status; 255 means that this command itself " +
    'failed. ^C and SIGTERM go to the program; a second one within two seconds leaves it running. No shell is ' +
    "involved; to use one: -- sh -c '…'. Arguments, --env and --dir need not be UTF-8; the program gets them as " +
    'they are.',
  'When standard input and output are a terminal, the program runs in one, too, unless --no-stdin, --stdin-json ' +
    'or --detach is given; without a command it is the login shell. Every key goes to the program but ^\\, which ' +
    'leaves it running. It gets TERM, COLORTERM, LANG and LC_* of this environment.',
];

const SENT_VARIABLES = /^(?:TERM|COLORTERM|LANG|LC_\w+)$/;
const NO_COMMAND = 'a login shell needs a terminal: name a command, or add --pty; see latchkey start --help';

export function addStart(program: Command, act: Act): void {
  const command = program
    .command('start [command...]')
    .description('run a program as your Linux user; without a command your login shell')
    .usage('[options] [--] [COMMAND [ARGUMENT …]]')
    .passThroughOptions()
    .option('--env <name=value>', 'add a variable to its environment; may be repeated', variable)
    .option('--dir <dir>', 'working directory (default: the home directory)')
    .option('-i, --stdin', 'pass standard input (the default); with --detach, keep the input open for attach')
    .option('-n, --no-stdin', 'pass no standard input, for example to a program in the background')
    .option('--stdin-json <json>', "a JSON object to send as the program's first line of input", jsonObject)
    .option('--detach', 'print the session id and leave the session running')
    .option('-t, --pty', 'run it in a terminal (the default when this command runs in one)')
    .option('-T, --no-pty', 'run it without a terminal')
    .addOption(detachKeyOption())
    .option(...ANSWERS_OPTION)
    .action(act<StartOptions>(withProgramStatus(start)));
  addNotes(command, ...NOTES);
}

function variable(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...earlier, [name]: value };
}

async function start(
  run: Run,
  options: StartOptions,
  command: readonly string[],
): Promise<number | undefined> {
  const { detach: isDetached = false } = options;
  const passInput = passesInput(options);
  const detachKey = chosenDetachKey(options.detachKey, run.io);
  const terminal = wantsTerminal(run, options) ? sizeOf(run.io) : undefined;
  if (command.length === 0 && terminal === undefined) throw new AppError('USAGE', NO_COMMAND);
  const given = Object.entries(options.env ?? {}).map(([name, value]) => [name, bytesOf(value)]);
  const variables = Object.fromEntries(given) as Record<string, Buffer>;
  const request: StartSessionRequest = {
    command: command.map(bytesOf),
    environment: terminal === undefined ? variables : { ...variablesOfTerminal(run.io.env), ...variables },
    directory: bytesOf(options.dir ?? ''),
    stdin: options.stdinJson,
    input: passInput,
    attach: !isDetached,
    terminal,
  };
  const asked = withLink(run, options, () => ask(run, request));
  if (isDetached) return detach(run, await asked);
  return showSession(run, asked, {
    offset: 0,
    input: passInput,
    inTerminal: { detachKey, watch: false, keys: passInput, restore: false },
    startedHere: true,
  });
}

/** Returns true when standard input is for the program. Throws USAGE when it is for the login as well. */
function passesInput({ stdin, detach, answersStdin }: StartOptions): boolean {
  if (answersStdin === true && stdin === true)
    throw new AppError(
      'USAGE',
      'standard input cannot have both answers and input: --answers-stdin or --stdin',
    );
  return stdin ?? (detach !== true && answersStdin !== true);
}

/** True for a program in a terminal: by default where this command has one and passes its input. */
function wantsTerminal({ io }: Run, options: StartOptions): boolean {
  const { pty, detach, stdinJson } = options;
  if (pty !== undefined) return pty;
  if (detach === true || stdinJson !== undefined || !passesInput(options)) return false;
  return io.stdin.isTTY === true && io.stdout.isTTY === true;
}

/** Returns the variables of this command's terminal and its user's language (ssh_config(5), SendEnv). */
function variablesOfTerminal(env: Run['io']['env']): Record<string, Buffer> {
  const sent = Object.entries(env).filter(([name]) => SENT_VARIABLES.test(name));
  return Object.fromEntries(sent.map(([name, value = '']) => [name, bytesOf(value)]));
}

async function ask(run: Run, request: StartSessionRequest): Promise<Session> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting('waiting for your link', sessions.startSession(request));
  if (session === undefined) throw new AppError('INTERNAL', 'the server answered without a session');
  if (request.terminal !== undefined && session.terminal === undefined)
    run.out.note('latchkey: the server is of an earlier version: the program runs without a terminal');
  return session;
}

function detach(run: Run, session: Session): undefined {
  if (run.out.json) run.out.document(asJson(itemMembers(sessions), session));
  else run.out.line(session.id);
}
