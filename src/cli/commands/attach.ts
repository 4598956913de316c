/** `latchkey attach`: attaches to a session of the caller's. */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../errors.ts';
import { addNotes } from '../help.ts';
import { showSession } from '../output/show-session.ts';
import { withProgramStatus } from '../program-status.ts';
import { type Act, type Run, WAITING } from '../run.ts';

interface AttachOptions {
  readonly stdin?: boolean;
  readonly offset?: number;
  readonly fromNow?: boolean;
}

const NOTES = [
  'All output still kept comes first, then what the program prints from now on. ^C goes to the program, and twice ' +
    'within two seconds leaves it; ^\\ leaves it at once. The program continues then.',
  "Ends with the program's own exit status; 255 means that this command itself failed, or that the status " +
    'is unknown.',
];

export function addAttach(program: Command, act: Act): void {
  const command = program
    .command('attach <session>')
    .description('join one of your sessions')
    .option('-i, --stdin', "pass our input to it; the end of ours is the end of the program's")
    .option('--offset <bytes>', 'begin at this byte of all it printed', bytes)
    .addOption(program.createOption('--from-now', 'only what it prints from now on').conflicts('offset'))
    .action(act<AttachOptions>(withProgramStatus(attach)));
  addNotes(command, ...NOTES);
}

function bytes(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

async function attach(
  run: Run,
  options: AttachOptions,
  [sessionId = '']: readonly string[],
): Promise<number> {
  const offset = options.fromNow === true ? -1 : (options.offset ?? 0);
  return showSession(run, find(run, sessionId), {
    offset,
    input: options.stdin === true,
    startedHere: false,
  });
}

async function find(run: Run, sessionId: string): Promise<{ id: string }> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting(WAITING, sessions.getSession({ sessionId }));
  if (session === undefined) throw new AppError('NOT_FOUND', `there is no session ${sessionId}`);
  return session;
}
