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
import { receiptLines } from '../../terminal/receipt-lines.ts';
import { millisecondsOf } from '../../values/duration.ts';
import { type Run, WAITING } from '../run.ts';

const WITNESS: Partial<Record<VerifiedBy, string>> = {
  [VerifiedBy.DAEMON]: 'daemon',
  [VerifiedBy.LINK]: 'link',
};

type Survivor = Receipt['survivors'][number];

export const SURVIVOR: Members<Survivor> = {
  pid: integer('its process', ({ pid }) => pid),
  linuxUser: string('who it runs as', ({ linuxUser }) => linuxUser),
  command: string('what it runs', ({ command }) => command),
};

export const RECEIPT: Members<Receipt> = {
  jtis: strings('tokens that were ended', ({ jtis }) => jtis),
  links: strings('links that ended with them', ({ links }) => links),
  sessions: strings('sessions that ended', ({ sessions }) => sessions),
  processes: integer('how many processes ended', ({ processes }) => processes),
  milliseconds: integer('how long it took', ({ duration }) => millisecondsOf(duration)),
  survivors: objects('survivor', SURVIVOR, 'what could not be ended', ({ survivors }) => survivors),
  verifiedBy: stringOrNull(
    'who saw that no process is left: daemon or link',
    ({ verifiedBy }) => WITNESS[verifiedBy],
  ),
  keptSessions: strings(
    "sessions that continue, by the server's configuration",
    ({ keptSessions }) => keptSessions,
  ),
  validateOnly: boolean(
    'whether this is a preview (--dry-run), and nothing has ended',
    ({ validateOnly }) => validateOnly,
  ),
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
 * Prints the receipt, with --quiet only what could not be ended. Returns exit status 1 when a process
 * survived.
 */
export function showReceipt(out: Output, receipt: Receipt): number {
  if (out.json) out.document(asJson(ENDED, receipt));
  else if (!out.quiet) for (const line of receiptLines(receipt)) out.wrapped(line);
  else
    for (const { pid, linuxUser, command } of receipt.survivors)
      out.problem(`could not be ended: pid ${pid} of ${linuxUser}, ${command}`);
  return receipt.survivors.length > 0 ? FAILED : DONE;
}
