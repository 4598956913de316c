/** What an ending ended (requirement X1), for people and as JSON. */
import { AppError } from '../errors.ts';
import { type Receipt, VerifiedBy } from '../generated/latchkey/v1/token.ts';
import { DONE, FAILED } from '../terminal/exit-status.ts';
import { receiptLines } from '../terminal/receipt-lines.ts';
import type { Output } from './output.ts';
import type { Run } from './run.ts';

const WITNESS: Readonly<Record<VerifiedBy, string | null>> = {
  [VerifiedBy.UNSPECIFIED]: null,
  [VerifiedBy.DAEMON]: 'daemon',
  [VerifiedBy.LINK]: 'link',
};

/** Stable: fields are added, never renamed or dropped. */
function receiptJson(receipt: Receipt): object {
  return {
    jtis: receipt.jtis,
    links: receipt.links,
    sessions: receipt.sessions,
    processes: receipt.processes,
    milliseconds: receipt.milliseconds,
    survivors: receipt.survivors.map(({ pid, linuxUser, command }) => ({ pid, linuxUser, command })),
    verifiedBy: WITNESS[receipt.verifiedBy] ?? null,
    keptSessions: receipt.keptSessions,
  };
}

/** The receipt of an ending that is under way; a server that has ended something never leaves it out. */
export async function endingOf(
  run: Run,
  ending: Promise<{ readonly receipt?: Receipt | undefined }>,
): Promise<Receipt> {
  const { receipt } = await run.out.whileWaiting('waiting until all of it has ended', ending);
  if (receipt === undefined) throw new AppError('INTERNAL', 'the server sent no receipt');
  return receipt;
}

/** Prints the receipt, with --quiet only what it failed to end; the status is 1 when something survived. */
export function showReceipt(out: Output, receipt: Receipt): number {
  if (out.json) out.document({ receipt: receiptJson(receipt) });
  else if (!out.quiet) for (const line of receiptLines(receipt)) out.line(line);
  else
    for (const { pid, linuxUser, command } of receipt.survivors)
      out.problem(`could not be ended: pid ${pid} of ${linuxUser}, ${command}`);
  return receipt.survivors.length > 0 ? FAILED : DONE;
}
