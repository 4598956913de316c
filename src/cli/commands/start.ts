/**
 * `latchkey start`: runs a program as the caller's Linux user. Its input, output and exit status become those
 * of this command.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../errors.ts';
import type { Session, StartSessionRequest } from '../../generated/latchkey/v1/session.ts';
import { sessions } from '../../nouns/sessions.ts';
import { asJson } from '../../terminal/json.ts';
import { bytesOf } from '../../values/raw-text.ts';
import { addNotes } from '../help.ts';
import { jsonObject } from '../output/json-object.ts';
import { itemMembers } from '../output/listing.ts';
import { showSession } from '../output/show-session.ts';
import { withProgramStatus } from '../program-status.ts';
import type { Act, Run } from '../run.ts';
import { ANSWERS_OPTION, withLink } from '../with-link.ts';

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly stdin?: boolean;
  readonly stdinJson?: Record<string, unknown>;
  readonly detach?: boolean;
  readonly answersStdin?: boolean;
}

const NOTE =
  "Prints the program's output as it comes, and exits with its status; 255 means that this command itself " +
  'failed. ^C and SIGTERM go to the program; a second one within two seconds leaves it running. No shell is ' +
  "involved; to use one: -- sh -c '…'. Arguments, --env and --dir need not be UTF-8; the program gets them as " +
  'they are.';

export function addStart(program: Command, act: Act): void {
  const command = program
    .command('start <command...>')
    .description('run a program as your Linux user')
    .usage('[options] [--] COMMAND [ARGUMENT …]')
    .passThroughOptions()
    .option('--env <name=value>', 'add a variable to its environment; may be repeated', variable)
    .option('--dir <dir>', 'working directory (default: the home directory)')
    .option('-i, --stdin', 'pass standard input (the default); with --detach, keep the input open for attach')
    .option('-n, --no-stdin', 'pass no standard input, for example to a program in the background')
    .option('--stdin-json <json>', "a JSON object to send as the program's first line of input", jsonObject)
    .option('--detach', 'print the session id and leave the session running')
    .option(...ANSWERS_OPTION)
    .action(act<StartOptions>(withProgramStatus(start)));
  addNotes(command, NOTE);
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
  const passInput = passesInput(options);
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => [name, bytesOf(value)]);
  const request: StartSessionRequest = {
    command: command.map(bytesOf),
    environment: Object.fromEntries(variables) as Record<string, Buffer>,
    directory: bytesOf(options.dir ?? ''),
    stdin: options.stdinJson,
    input: passInput,
    attach: options.detach !== true,
    terminal: undefined,
  };
  const asked = withLink(run, options, () => ask(run, request));
  if (options.detach === true) return detach(run, await asked);
  return showSession(run, asked, { offset: 0, input: passInput, startedHere: true });
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

async function ask(run: Run, request: StartSessionRequest): Promise<Session> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting('waiting for your link', sessions.startSession(request));
  if (session === undefined) throw new AppError('INTERNAL', 'the server answered without a session');
  return session;
}

function detach(run: Run, session: Session): undefined {
  if (run.out.json) run.out.document(asJson(itemMembers(sessions), session));
  else run.out.line(session.id);
}
