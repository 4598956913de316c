/** `latchkey attach`: attaches to one of the caller's sessions. */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError, isAppError } from '../../../errors.ts';
import { type Session, SessionState } from '../../../generated/latchkey/v1/session.ts';
import { addNotes } from '../../help.ts';
import { showSession } from '../../output/show-session.ts';
import { withProgramStatus } from '../../program-status.ts';
import { type Act, type Run, WAITING } from '../../run.ts';
import { chosenDetachKey, detachKeyOption } from '../../terminal/detach-key.ts';
import { ANSWERS_OPTION, withLink } from '../../with-link.ts';

interface AttachOptions {
  readonly stdin?: boolean;
  readonly offset?: number;
  readonly fromNow?: boolean;
  readonly answersStdin?: boolean;
  readonly watch?: boolean;
  readonly detachKey?: string;
}

const NOTES = [
  'Prints all output that is still kept, then new output as it comes. ^C goes to the program; a second ^C within ' +
    'two seconds leaves it running, as ^\\ and SIGTERM do at once.',
  'A session with a terminal has its screen, title and modes restored, and gets every key but the one that leaves ' +
    'it. Who attached last writes; the others watch until that one has left. In a pipe, its output is printed, and ' +
    'input is passed with --stdin only.',
  "Exits with the program's status; 255 means that this command itself failed, or that the status is " +
    'unknown.',
];

export function addAttach(program: Command, act: Act): void {
  const command = program
    .command('attach <session>')
    .description('attach to one of your sessions')
    .option('-i, --stdin', 'pass standard input to the program, and close its input at the end')
    .option('--watch', 'only watch: nothing that is typed goes to the program')
    .addOption(detachKeyOption())
    .option('--offset <bytes>', 'begin at this byte of its output', bytes)
    .addOption(program.createOption('--from-now', 'print only new output').conflicts('offset'))
    .addOption(program.createOption(...ANSWERS_OPTION).conflicts('stdin'))
    .action(act<AttachOptions>(withProgramStatus(attach)));
  addNotes(command, ...NOTES);
}

const OFFSET_OF_TERMINAL =
  "a session with a terminal is shown as it is now; 'latchkey sessions read --offset' prints its output";

function bytes(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

async function attach(
  run: Run,
  options: AttachOptions,
  [sessionId = '']: readonly string[],
): Promise<number> {
  const { fromNow = false, watch = false, offset, stdin = false } = options;
  const detachKey = chosenDetachKey(options.detachKey, run.io);
  const session = find(run, sessionId, options).then((found) => {
    if (offset === undefined || found.terminal === undefined || run.io.stdout.isTTY !== true) return found;
    throw new AppError('USAGE', OFFSET_OF_TERMINAL);
  });
  return showSession(run, session, {
    offset: fromNow ? -1 : (offset ?? 0),
    input: stdin && !watch,
    inTerminal: { detachKey, watch, keys: true, restore: !fromNow },
    startedHere: false,
  });
}

async function find(run: Run, sessionId: string, options: AttachOptions): Promise<Session> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting(WAITING, sessions.getSession({ sessionId }));
  if (session === undefined) throw new AppError('NOT_FOUND', `there is no session ${sessionId}`);
  if (session.state === SessionState.RUNNING && session.socket === '')
    await withLink(run, options, () => startLinkOf(run, sessionId));
  return session;
}

/** Has the server start a link of the session's user, unless there is one: reading takes one. */
async function startLinkOf(run: Run, sessionId: string): Promise<void> {
  const { sessions } = await run.client();
  try {
    for await (const _ of sessions.readOutput({ sessionId, offset: -1, follow: false }));
  } catch (error) {
    if (!isAppError(error, 'LINK_LOST')) throw error; // the link takes the session over in a moment
  }
}
