/** Prints a receipt (requirement X1): what has ended, and who has verified it. */
import { type Receipt, VerifiedBy } from '../generated/latchkey/v1/token.ts';
import { millisecondsOf } from '../values/duration.ts';
import { count, listed } from './format.ts';

const VERIFIED: Partial<Record<VerifiedBy, string>> = {
  [VerifiedBy.DAEMON]: 'No process is left, as the server has verified.',
  [VerifiedBy.LINK]: "No process is left, says the user's own link.",
};

/** Returns the lines of a receipt: what has ended, or when it is a preview, would end. Not yet inert. */
export function receiptLines(receipt: Receipt): string[] {
  return receipt.validateOnly ? previewLines(receipt) : endedLines(receipt);
}

function endedLines(receipt: Receipt): string[] {
  const witness = VERIFIED[receipt.verifiedBy];
  const isOver = receipt.survivors.length === 0 && receipt.processes > 0;
  return [
    `Ended ${whatEnded(receipt)} in ${millisecondsOf(receipt.duration)} ms.`,
    ...idLines(receipt),
    ...(isOver && witness !== undefined ? [witness] : []),
    ...under(
      "Still running without the token, by the server's configuration:",
      receipt.keptSessions.map((session) => `  session  ${session}`),
    ),
    ...(receipt.keptSessions.length > 0 ? ["To end one: 'latchkey sessions end ID'."] : []),
    ...under(
      'STILL RUNNING, could not be ended:',
      receipt.survivors.map(({ pid, linuxUser, command }) => `  pid ${pid}  ${linuxUser}  ${command}`),
    ),
  ];
}

function previewLines(receipt: Receipt): string[] {
  return [
    `Would end ${whatEnded(receipt)}.`,
    ...idLines(receipt),
    ...under(
      "Would continue without the token, by the server's configuration:",
      receipt.keptSessions.map((session) => `  session  ${session}`),
    ),
  ];
}

function idLines({ jtis, links, sessions }: Receipt): string[] {
  return [
    ...jtis.map((jti) => `  token    ${jti}`),
    ...links.map((link) => `  link     ${link}`),
    ...sessions.map((session) => `  session  ${session}`),
  ];
}

function under(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines];
}

function whatEnded(receipt: Receipt): string {
  const parts: readonly [many: number, one: string, more?: string][] = [
    [receipt.jtis.length, 'token'],
    [receipt.links.length, 'link'],
    [receipt.sessions.length, 'session'],
    [receipt.processes, 'process', 'processes'],
  ];
  return listed(parts.filter(([many]) => many > 0).map((part) => count(...part))) || 'nothing';
}
