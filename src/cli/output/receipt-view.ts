/** Shows receipts (requirement X1) to people and as JSON. */

import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { DONE, FAILED } from '../../exit-status.ts';
import { type Receipt, VerifiedBy } from '../../generated/latchkey/v1/token.ts';
import {
  asJson,
  boolean,
  integer,
  type Members,
  object,
  objects,
  string,
  stringOrNull,
  strings,
} from '../../terminal/json.ts';
import type { Output } from '../../terminal/output.ts';
import { receiptLines, survivorText } from '../../terminal/receipt-lines.ts';
import { millisecondsOf } from '../../values/duration.ts';
import { enumWord } from '../../values/enum-word.ts';
import { type Run, WAITING } from '../run.ts';

type Survivor = Receipt['survivors'][number];
type StillRunning = Receipt['stillRunning'][number];

export const SURVIVOR: Members<Survivor> = {
  pid: integer('its process id; 0 when it is unknown', ({ pid }) => pid),
  linuxUser: string('Linux user that it runs as', ({ linuxUser }) => linuxUser),
  command: string('its command line', ({ command }) => command),
  sessionId: stringOrNull('session that it belongs to', ({ sessionId }) => sessionId || undefined),
  socket: stringOrNull('link whose process it is', ({ socket }) => socket || undefined),
  unconfirmed: boolean('whether nobody could tell if it has ended', ({ unconfirmed }) => unconfirmed),
  seen: boolean('whether the server itself has seen it run, not only its link', ({ seen }) => seen),
};

export const STILL_RUNNING: Members<StillRunning> = {
  sessionId: stringOrNull('the session', ({ sessionId }) => sessionId || undefined),
  socket: stringOrNull('the link, when it is one', ({ socket }) => socket || undefined),
  login: stringOrNull('login that owns the session', ({ login }) => login || undefined),
  linuxUser: string('Linux user that it runs as', ({ linuxUser }) => linuxUser),
  pids: {
    type: 'array of integer',
    about: 'its processes, as far as the server sees them; at most 20',
    of: ({ pids }) => pids,
  },
  command: string('its command line', ({ command }) => command),
  unconfirmed: boolean('whether nobody could tell if it runs', ({ unconfirmed }) => unconfirmed),
  removed: boolean('whether it is a link of which only the process may be left', ({ removed }) => removed),
};

export const RECEIPT: Members<Receipt> = {
  jtis: strings('tokens that were ended', ({ jtis }) => jtis),
  links: strings('links that ended with them', ({ links }) => links),
  sessions: strings('sessions that ended', ({ sessions }) => sessions),
  processes: integer('how many processes of programs ended', ({ processes }) => processes),
  milliseconds: integer('how long it took', ({ duration }) => millisecondsOf(duration)),
  survivors: objects(
    'survivor',
    SURVIVOR,
    'processes that should have ended and have not, or may not have',
    ({ survivors }) => survivors,
  ),
  verifiedBy: stringOrNull(
    "who verified that links and sessions ended: daemon (the server), link (only the user's own link), both",
    ({ verifiedBy }) => enumWord(VerifiedBy, verifiedBy),
  ),
  keptSessions: strings(
    "sessions that continue, by the server's configuration",
    ({ keptSessions }) => keptSessions,
  ),
  validateOnly: boolean(
    'whether this is a preview (--dry-run), and nothing has ended',
    ({ validateOnly }) => validateOnly,
  ),
  stillRunning: objects(
    'stillRunning',
    STILL_RUNNING,
    'every session and link of the same people that still runs, at most 1000',
    ({ stillRunning }) => stillRunning,
  ),
  stillRunningTotal: integer('how many there are', ({ stillRunningTotal }) => stillRunningTotal),
};

export const ENDED: Members<Receipt> = { receipt: object('receipt', RECEIPT, (receipt) => receipt) };

/** The option --dry-run of every command that ends something. */
export interface DryRun {
  readonly dryRun?: boolean;
}

/** Gives a command the option `--dry-run`. */
export function addDryRun(command: Command): Command {
  return command.option('--dry-run', 'print what would end, and end nothing');
}

/** Waits for the receipt of a call that ends something. Throws INTERNAL when the server sends none. */
export async function waitForReceipt(
  run: Run,
  ending: Promise<{ readonly receipt?: Receipt | undefined }>,
  { dryRun = false }: DryRun = {},
): Promise<Receipt> {
  const waiting = dryRun ? WAITING : 'waiting until all of it has ended';
  const { receipt } = await run.out.whileWaiting(waiting, ending);
  if (receipt === undefined) throw new AppError('INTERNAL', 'the server sent no receipt');
  return receipt;
}

/**
 * Prints the receipt, with --quiet only what could not be ended. Returns exit status 1 when something that
 * should have ended is left, or is not known to have ended.
 */
export function showReceipt(out: Output, receipt: Receipt): number {
  if (out.json) out.document(asJson(ENDED, receipt));
  else if (!out.quiet) for (const line of receiptLines(receipt)) out.wrapped(line);
  else for (const survivor of receipt.survivors) out.problem(survivorText(survivor));
  return receipt.survivors.length > 0 ? FAILED : DONE;
}
