/** What an ending ended (requirement X1), for people and as JSON. */
import { AppError } from '../errors.ts';
import { type Receipt, VerifiedBy } from '../generated/latchkey/v1/token.ts';
import { DONE, FAILED } from './exit-status.ts';
import type { Output } from './output.ts';

const WITNESS: Readonly<Record<VerifiedBy, string | null>> = {
  [VerifiedBy.UNSPECIFIED]: null,
  [VerifiedBy.DAEMON]: 'daemon',
  [VerifiedBy.LINK]: 'link',
};

const SEEN: Readonly<Record<string, string>> = {
  daemon: 'No process is left, as the daemon has seen.',
  link: "No process is left, says the user's own link.",
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

/** The receipt of an answer, which a server that has ended something never leaves out. */
export function receiptOf({ receipt }: { readonly receipt?: Receipt | undefined }): Receipt {
  if (receipt === undefined) throw new AppError('INTERNAL', 'the server sent no receipt');
  return receipt;
}

/** Prints the receipt; the status is 1 when something survived. */
export function showReceipt(out: Output, receipt: Receipt): number {
  if (out.json) out.document({ receipt: receiptJson(receipt) });
  else showToPeople(out, receipt);
  return receipt.survivors.length > 0 ? FAILED : DONE;
}

function showToPeople(out: Output, receipt: Receipt): void {
  out.line(`Ended ${whatEnded(receipt)} in ${receipt.milliseconds} ms.`);
  for (const jti of receipt.jtis) out.line(`  token    ${jti}`);
  for (const link of receipt.links) out.line(`  link     ${link}`);
  for (const session of receipt.sessions) out.line(`  session  ${session}`);
  const witness = SEEN[WITNESS[receipt.verifiedBy] ?? ''];
  if (receipt.survivors.length === 0 && receipt.processes > 0 && witness !== undefined) {
    out.line(witness);
  }
  if (receipt.keptSessions.length > 0) {
    out.line(`Going on without the token, as the server is set:`);
    for (const session of receipt.keptSessions) out.line(`  session  ${session}`);
    out.line("To end one: 'latchkey sessions end ID'.");
  }
  if (receipt.survivors.length > 0) {
    out.line(`STILL RUNNING, could not be ended:`);
    for (const each of receipt.survivors) out.line(`  pid ${each.pid}  ${each.linuxUser}  ${each.command}`);
  }
}

function whatEnded(receipt: Receipt): string {
  const parts = [
    count(receipt.jtis.length, 'token'),
    count(receipt.links.length, 'link'),
    count(receipt.sessions.length, 'session'),
    count(receipt.processes, 'process', 'processes'),
  ].filter((part) => part !== '');
  const last = parts.pop();
  if (last === undefined) return 'nothing';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}

function count(many: number, one: string, more = `${one}s`): string {
  if (many === 0) return '';
  return many === 1 ? `1 ${one}` : `${many} ${more}`;
}
