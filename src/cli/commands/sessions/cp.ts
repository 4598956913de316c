/** `latchkey cp`: copies files and folders to and from the server's host, as the caller's Linux user. */
import type { Command } from 'commander';
import { AppError } from '../../../errors.ts';
import { FAILED } from '../../../exit-status.ts';
import { asJson } from '../../../terminal/json.ts';
import { endsOf } from '../../copy/ends.ts';
import { COPIED, Tally } from '../../copy/tally.ts';
import { addNotes } from '../../help.ts';
import { interruption } from '../../input/interruption.ts';
import type { Act, Run } from '../../run.ts';

interface Options {
  readonly recursive?: boolean;
  readonly preserve?: boolean;
  readonly resume?: boolean;
}

const NOTES = [
  "Paths of the host begin with ':'; those without a leading '/' begin in your home folder there, ':' alone is " +
    'that folder, and ./:x is a file of this host. No shell expands them. A source is copied into a target that ' +
    "is a folder, else to that name; what a folder's path with /. at its end names is what is in the folder.",
  'Symbolic links that you name are followed, those in folders are copied as links, and in the place of a file ' +
    'or folder of the copy no link is followed. Fifos, sockets and devices in folders are skipped. A file that ' +
    'cannot be read or written is reported, and the rest is copied; the exit status is then 1.',
  'A file appears under its name when it is complete; until then it is .NAME.latchkey-part beside it. What is ' +
    'there of an earlier copy is continued if it is how the file begins, compared by SHA-256. After a lost ' +
    'connection, or a restart of the server, the copy goes on by itself; after ^C, repeat it with --resume.',
];

export function addCp(program: Command, act: Act): void {
  const command = program
    .command('cp <file...>')
    .description("copy files and folders to and from the server's host")
    .usage('[options] FILE … :TARGET\n       latchkey cp [options] :FILE … TARGET')
    .option('-r, --recursive', 'copy folders with everything in them')
    .option('-p, --preserve', 'keep modification times and modes; otherwise new files get modes by the umask')
    .option(
      '--resume',
      'skip files that are there with the same size and modification time; keeps both as -p',
    )
    .action(act<Options>(cp));
  addNotes(command, ...NOTES);
}

async function cp(run: Run, options: Options, words: readonly string[]): Promise<number | undefined> {
  const ends = endsOf(words);
  const { copy } = await import('../../copy/copy.ts');
  const { recursive = false, resume = false } = options;
  const preserve = options.preserve ?? resume;
  const tally = new Tally();
  using interrupted = interruption();
  const job = { run, ...ends, tally, recursive, preserve, resume, signal: interrupted.signal };
  try {
    await run.out.whileWaiting(() => tally.progress(), copy(job));
  } catch (error) {
    if (tally.after !== undefined)
      run.out.note(`latchkey: ${tally.summary()}; to go on, repeat it with --resume`);
    throw interrupted.signal.aborted ? new AppError('CANCELLED', 'interrupted') : error;
  }
  show(run, tally);
  return tally.failed > 0 ? FAILED : undefined;
}

function show(run: Run, tally: Tally): void {
  if (run.out.json) run.out.document(asJson(COPIED, tally));
  else if (run.io.stderr.isTTY === true) run.out.note(`latchkey: ${tally.summary()}`);
}
