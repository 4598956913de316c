/**
 * `latchkey` without a command: shows the server, the caller, the token's expiry and running sessions, and
 * suggests commands.
 */
import type { Command } from 'commander';
import type { Client } from '../../client/connect/connect.ts';
import { isAppError, type Reason } from '../../errors.ts';
import { Role } from '../../generated/latchkey/v1/auth.ts';
import { SessionState } from '../../generated/latchkey/v1/session.ts';
import type { GetInfoResponse } from '../../generated/latchkey/v1/system.ts';
import { AuthMethod, type Token } from '../../generated/latchkey/v1/token.ts';
import { asJson, integerOrNull, type Members, stringOrNull, timeOrNull } from '../../terminal/json.ts';
import { roleWord } from '../../terminal/state-words.ts';
import { explain } from '../failure.ts';
import { type Act, type Run, WAITING } from '../run.ts';

/** The known part of the status; `problem` says why the rest is unknown. */
interface Status {
  readonly server?: string;
  readonly problem?: string;
  readonly reason?: Reason;
  readonly you?: Token;
  readonly role?: Role;
  readonly info?: GetInfoResponse;
  /** Number of the caller's links that can start programs, and of the caller's running sessions. */
  readonly links?: number;
  readonly sessions?: number;
}

/** A command and its purpose. */
type Next = readonly [command: string, purpose: string];

const NAME = 'status';

/** Adds the hidden command that runs when none is given. */
export function addStatus(program: Command, act: Act): void {
  program.command(NAME, { hidden: true }).action(act(status));
}

/** Returns the words of a command line, with the hidden command when there is none. */
export function orStatus(program: Command, argv: readonly string[]): readonly string[] {
  const { operands, unknown } = program.parseOptions([...argv]);
  return operands.length + unknown.length === 0 ? [...argv, NAME] : argv;
}

async function status(run: Run): Promise<undefined> {
  const found = await run.out.whileWaiting(WAITING, find(run));
  if (run.out.json) run.out.document(asJson(STATUS, found));
  else print(run, found);
}

function print(run: Run, found: Status): void {
  const { server, problem, reason, you, role, info, links, sessions } = found;
  run.out.fields([
    ['server', server ?? 'not known'],
    ['version', info?.version],
    ['you', you === undefined ? 'not logged in' : you.login],
    ['Linux user', you?.linuxUser],
    ['role', role === undefined ? undefined : roleWord(role)],
    ['expires', you?.expiresAt],
    ['link', links === undefined ? undefined : links > 0 ? 'ready' : 'none'],
    ['running', sessions === undefined || links === undefined ? undefined : `${sessions}`],
  ]);
  if (problem !== undefined && reason !== 'NOT_LOGGED_IN') run.out.note(problem);
  const next = nextOf(found);
  const widest = Math.max(...next.map(([command]) => command.length));
  for (const line of ['', 'Next:']) run.out.line(line);
  for (const [command, purpose] of next) run.out.wrapped({ text: `  ${command.padEnd(widest)}  ${purpose}` });
}

/** Collects what is known. A missing server or login is reported, not thrown. */
async function find(run: Run): Promise<Status> {
  let client: Client | undefined;
  try {
    client = await run.client();
    const { address: server } = client;
    const { token: you, role } = await client.auth.whoAmI({});
    const [info, links, sessions] = await Promise.all([
      client.system.getInfo({}),
      client.links.listLinks({ pageSize: 1, filter: { linuxUser: you?.linuxUser ?? '' } }),
      client.sessions.listSessions({
        pageSize: 1,
        filter: { login: you?.login ?? '', state: SessionState.RUNNING, text: '' },
      }),
    ]);
    const mine = you?.linuxUser ? { links: links.totalSize } : {};
    return { server, role, info, sessions: sessions.totalSize, ...(you && { you }), ...mine };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { problem: explain(error).text, reason: error.reason, ...(client && { server: client.address }) };
  }
}

function nextOf({ server, reason, you, role, links, sessions = 0 }: Status): Next[] {
  const help: Next = ['latchkey --help', 'list all commands'];
  if (server === undefined || reason === 'UNREACHABLE')
    return [
      ['latchkey trust HOST', 'trust a server after comparing its fingerprint'],
      ['latchkey serve', 'run a server of your own'],
      help,
    ];
  if (you === undefined)
    return [
      ['latchkey login', 'log in with your password'],
      ['latchkey link', 'log in as your user on this host'],
      help,
    ];
  const next: Next[] = [];
  if (links !== undefined) next.push(['latchkey start -- COMMAND', `run a program as ${you.linuxUser}`]);
  if (sessions > 0) next.push(['latchkey sessions', 'list sessions']);
  if (role === Role.ADMIN || role === Role.MANAGER)
    next.push(['latchkey tokens', 'list who is logged in'], ['latchkey tokens revoke JTI', 'revoke a token']);
  next.push(['latchkey tui', 'open the dashboard']);
  if (you.authMethod !== AuthMethod.LOCAL) next.push(['latchkey logout', 'end this login']);
  return [...next, help];
}

export const STATUS: Members<Status> = {
  server: stringOrNull('host:port', ({ server }) => server),
  version: stringOrNull('version of the server', ({ info }) => info?.version),
  login: stringOrNull('your login', ({ you }) => you?.login),
  linuxUser: stringOrNull('your Linux user', ({ you }) => you?.linuxUser),
  role: stringOrNull('admin, manager or user', ({ role }) =>
    role === undefined ? undefined : roleWord(role),
  ),
  expiresAt: timeOrNull('time of expiry of your token', ({ you }) => you?.expiresAt),
  links: integerOrNull('number of your links', ({ links }) => links),
  sessions: integerOrNull('number of your running sessions', ({ sessions }) => sessions),
  problem: stringOrNull('reason why the rest is unknown', ({ problem }) => problem),
};
