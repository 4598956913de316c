/** `latchkey attach`: attaches to one of the caller's sessions. */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError, isAppError } from '../../errors.ts';
import { SessionState } from '../../generated/latchkey/v1/session.ts';
import { addNotes } from '../help.ts';
import { showSession } from '../output/show-session.ts';
import { withProgramStatus } from '../program-status.ts';
import { type Act, type Run, WAITING } from '../run.ts';
import { ANSWERS_OPTION, withLink } from '../with-link.ts';

interface AttachOptions {
  readonly stdin?: boolean;
  readonly offset?: number;
  readonly fromNow?: boolean;
  readonly answersStdin?: boolean;
}

const NOTES = [
  'Prints all output that is still kept, then new output as it comes. ^C goes to the program; a second ^C within ' +
    'two seconds leaves it running, as ^\\ and SIGTERM do at once.',
  "Exits with the program's status; 255 means that this command itself failed, or that the status is " +
    'unknown.',
];

export function addAttach(program: Command, act: Act): void {
  const command = program
    .command('attach <session>')
    .description('attach to one of your sessions')
    .option('-i, --stdin', 'pass standard input to the program, and close its input at the end')
    .option('--offset <bytes>', 'begin at this byte of its output', bytes)
    .addOption(program.createOption('--from-now', 'print only new output').conflicts('offset'))
    .addOption(program.createOption(...ANSWERS_OPTION).conflicts('stdin'))
    .action(act<AttachOptions>(withProgramStatus(attach)));
  addNotes(command, ...NOTES);
}

function bytes(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

async function attach(
  run: Run,
  options: AttachOptions,
  [sessionId = '']: readonly string[],
): Promise<number> {
  const offset = options.fromNow === true ? -1 : (options.offset ?? 0);
  return showSession(run, find(run, sessionId, options), {
    offset,
    input: options.stdin === true,
    startedHere: false,
  });
}

async function find(run: Run, sessionId: string, options: AttachOptions): Promise<{ id: string }> {
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
