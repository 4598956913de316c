/** Prints a receipt (requirement X1): what still runs, what has ended, and who has verified it. */
import { type Receipt, VerifiedBy } from '../generated/latchkey/v1/token.ts';
import { shellWords } from '../system/shell-words.ts';
import { millisecondsOf } from '../values/duration.ts';
import { count, listed } from './format.ts';
import type { Cell } from './table.ts';

type StillRunning = Receipt['stillRunning'][number];
type Survivor = Receipt['survivors'][number];

const VERIFIED: Readonly<Partial<Record<VerifiedBy, string>>> = {
  [VerifiedBy.DAEMON]: 'the server.',
  [VerifiedBy.LINK]: "only the user's own link; the server could not look.",
  [VerifiedBy.BOTH]: "the user's own link, and the server as far as it could look.",
};
/** Above this many sessions of a login, the command that ends all of them is shown. */
const MAX_NAMED = 3;

/** Returns the lines of a receipt, or of a preview: what would end. Not yet inert. */
export function receiptLines(receipt: Receipt): Cell[] {
  return receipt.validateOnly ? previewLines(receipt) : endedLines(receipt);
}

function endedLines(receipt: Receipt): Cell[] {
  return [
    ...runningLines(receipt, 'Still running:'),
    ...commandLines(receipt),
    { text: `Ended ${whatEnded(receipt)} in ${millisecondsOf(receipt.duration)} ms.` },
    ...idLines(receipt),
    ...verifierLine(receipt),
  ];
}

function previewLines(receipt: Receipt): Cell[] {
  return [
    ...runningLines(receipt, 'Would keep running:'),
    { text: `Would end ${whatEnded(receipt)}.` },
    ...idLines(receipt),
  ];
}

/** Returns first what should have ended, then the other sessions and links. */
function runningLines({ survivors, stillRunning, stillRunningTotal }: Receipt, title: string): Cell[] {
  const left = survivors.map((one) => ({ text: `  ${survivorText(one)}`, style: 'bad' as const }));
  const others = stillRunning.filter((one) => !survivors.some((survivor) => isOf(survivor, one)));
  const running = others.map((one) => ({ text: `  ${runningText(one)}`, style: 'caution' as const }));
  const more = stillRunningTotal - stillRunning.length;
  const rest = more > 0 ? [{ text: `  and ${count(more, 'other')}`, style: 'caution' as const }] : [];
  if (left.length + running.length === 0) return [{ text: `${title} no session and no link.` }];
  const heading = { text: title, style: left.length > 0 ? ('bad' as const) : ('caution' as const) };
  return [heading, ...left, ...running, ...rest];
}

function isOf(survivor: Survivor, { sessionId, socket }: StillRunning): boolean {
  return sessionId === '' ? survivor.socket === socket : survivor.sessionId === sessionId;
}

/** "pid 77  root  sudo -i  could not be ended" */
export function survivorText({ pid, linuxUser, command, unconfirmed, seen }: Survivor): string {
  const said = seen ? 'could not be ended' : 'could not be ended, as its link says';
  const why = unconfirmed ? 'is not known to have ended' : said;
  return `${pid === 0 ? 'pid unknown' : `pid ${pid}`}  ${linuxUser}  ${command}  ${why}`;
}

/** "session  s1  alice  pid 4711  sleep 600" */
function runningText({
  sessionId,
  socket,
  login,
  linuxUser,
  pids,
  command,
  unconfirmed,
}: StillRunning): string {
  const name = sessionId === '' ? `link     ${socket}` : `session  ${sessionId}`;
  const who = login === '' || login === linuxUser ? linuxUser : `${login} as ${linuxUser}`;
  const where = pids.length === 0 ? [] : [`pid ${pids.join(', ')}`];
  const unknown = unconfirmed ? ['not known whether it runs'] : [];
  return [name, who, ...where, ...(sessionId === '' ? [] : [command]), ...unknown].join('  ');
}

/**
 * Returns the commands that end what still runs. They name no process that only a link has named, since that
 * may be anybody's.
 */
function commandLines({ survivors, stillRunning }: Receipt): Cell[] {
  const others = stillRunning.filter((one) => !survivors.some((survivor) => isOf(survivor, one)));
  const sessions = others.filter(({ sessionId }) => sessionId !== '');
  const links = others.filter(({ sessionId, removed }) => sessionId === '' && !removed);
  const left = others.filter(({ removed, unconfirmed }) => removed && !unconfirmed);
  const seen = survivors.filter((survivor) => survivor.seen && survivor.pid > 0).map(({ pid }) => pid);
  const pids = [...seen, ...left.flatMap((link) => link.pids)];
  const commands = [
    ...(pids.length === 0 ? [] : [`kill -KILL ${pids.join(' ')}  (as root)`]),
    ...sessionCommands(sessions),
    ...links.map(({ socket }) => `latchkey links stop ${socket}`),
  ];
  return commands.length === 0
    ? []
    : [{ text: 'To end it:' }, ...commands.map((text) => ({ text: `  ${text}` }))];
}

function sessionCommands(sessions: readonly StillRunning[]): string[] {
  if (sessions.length <= MAX_NAMED)
    return sessions.length === 0
      ? []
      : [`latchkey sessions end ${sessions.map(({ sessionId }) => sessionId).join(' ')}`];
  const logins = new Set(sessions.map(({ login }) => login));
  return [...logins].map((login) => shellWords(['latchkey', 'sessions', 'end', '--login', login]));
}

function verifierLine({ verifiedBy, survivors, jtis }: Receipt): Cell[] {
  const verifier = VERIFIED[verifiedBy];
  if (verifier !== undefined) return [{ text: `Verified by: ${verifier}` }];
  if (survivors.length > 0)
    return [{ text: 'Verified by: nobody, since not all of it is known to have ended.' }];
  return jtis.length > 0 ? [{ text: 'Verified by: the server, which refuses the tokens.' }] : [];
}

function idLines({ jtis, links, sessions }: Receipt): Cell[] {
  return [
    ...jtis.map((jti) => `  token    ${jti}`),
    ...links.map((link) => `  link     ${link}`),
    ...sessions.map((session) => `  session  ${session}`),
  ].map((text) => ({ text }));
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
