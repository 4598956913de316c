/**
 * Lists what still runs of the people whom a revocation is about: every session and link of their logins and
 * Linux users, whatever token it was started with (X1). What nobody can tell is listed, too, as unconfirmed.
 */
import { seesAll } from '../accounts/roles.ts';
import type { People } from '../sessions/active-sessions.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Requester } from './may-end.ts';
import type { Part, StillRunning } from './receipt.ts';
import type { Selected, Session } from './select.ts';

/** Most entries of one receipt, which must fit into a message. */
const MAX_LISTED = 1000;

/** Returns the people that own these tokens and sessions. */
export function peopleOf(
  tokens: readonly Pick<TokenClaims, 'sub' | 'user'>[],
  sessions: readonly Pick<Session, 'login' | 'linux_user'>[] = [],
  login?: string,
): People {
  const logins = [...tokens.map(({ sub }) => sub), ...sessions.map((session) => session.login)];
  if (login !== undefined) logins.push(login);
  const linuxUsers = [...tokens.flatMap(({ user }) => user ?? []), ...sessions.map((one) => one.linux_user)];
  return { logins: new Set(logins), linuxUsers: new Set(linuxUsers) };
}

/** Returns the people that a revocation is about. */
export function peopleIn(selected: Selected, parts: readonly Part[]): People {
  const all = parts.flatMap(({ people }) => people ?? []);
  const logins = all.flatMap((people) => [...people.logins]);
  if ('login' in selected) logins.push(selected.login);
  return { logins: new Set(logins), linuxUsers: new Set(all.flatMap((people) => [...people.linuxUsers])) };
}

export interface StillRunningSources {
  readonly links: Pick<Links, 'remains'>;
  readonly sessions: Pick<Sessions, 'activeOf'>;
}

/**
 * Returns what still runs of `people`, as far as `by` may see it, without what `parts` list as ended. Throws
 * STORE_UNAVAILABLE: an empty list would say that nothing runs.
 */
export async function stillRunning(
  people: People,
  parts: readonly Part[],
  by: Requester,
  { links, sessions }: StillRunningSources,
): Promise<Part> {
  const ended = new Set(parts.flatMap((part) => [...(part.links ?? []), ...(part.sessions ?? [])]));
  const rows = (await sessions.activeOf(people)).filter(
    ({ id, login }) => !ended.has(id) && (seesAll(by) || login === by.claims.sub),
  );
  // By default a login has the Linux user of its name; a link that has lost its token has no other owner.
  const owners = new Set([...people.linuxUsers, ...people.logins, ...rows.map((row) => row.linux_user)]);
  const linuxUsers = [...owners].filter((user) => seesAll(by) || user === by.claims.user);
  const left = (await links.remains.linksOf(linuxUsers)).filter(({ socket }) => !ended.has(socket));
  const listed = rows.slice(0, MAX_LISTED);
  const running = await Promise.all(listed.map((row) => ofSession(row, links)));
  const all = [...running, ...left.map((link) => ({ ...link, command: 'latchkey link' }))];
  return { stillRunning: all.slice(0, MAX_LISTED), stillRunningTotal: rows.length + left.length };
}

async function ofSession(row: Session, links: StillRunningSources['links']): Promise<StillRunning> {
  const { id, login, linux_user: linuxUser } = row;
  return { sessionId: id, login, linuxUser, ...(await links.remains.programsOf(row)) };
}
