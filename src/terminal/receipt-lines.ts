/** What an ending ended (requirement X1), for people. */
import { type Receipt, VerifiedBy } from '../generated/latchkey/v1/token.ts';
import { count, listed } from './format.ts';

const SEEN: Partial<Record<VerifiedBy, string>> = {
  [VerifiedBy.DAEMON]: 'No process is left, as the daemon has seen.',
  [VerifiedBy.LINK]: "No process is left, says the user's own link.",
};

/** One text a line, not yet inert. */
export function receiptLines(receipt: Receipt): string[] {
  const witness = SEEN[receipt.verifiedBy];
  const isOver = receipt.survivors.length === 0 && receipt.processes > 0;
  return [
    `Ended ${whatEnded(receipt)} in ${receipt.milliseconds} ms.`,
    ...receipt.jtis.map((jti) => `  token    ${jti}`),
    ...receipt.links.map((link) => `  link     ${link}`),
    ...receipt.sessions.map((session) => `  session  ${session}`),
    ...(isOver && witness !== undefined ? [witness] : []),
    ...under(
      'Going on without the token, as the server is set:',
      receipt.keptSessions.map((session) => `  session  ${session}`),
    ),
    ...(receipt.keptSessions.length > 0 ? ["To end one: 'latchkey sessions end ID'."] : []),
    ...under(
      'STILL RUNNING, could not be ended:',
      receipt.survivors.map(({ pid, linuxUser, command }) => `  pid ${pid}  ${linuxUser}  ${command}`),
    ),
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
