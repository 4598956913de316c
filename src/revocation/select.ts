/** Finds what a revocation selects, and checks that the caller may end it. Ends nothing. */
import { seesAll } from '../accounts/roles.ts';
import type { Authority, EndReason } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import { checkMayEnd, checkSeesLink, checkSeesLogin, type Requester, type Roles, sees } from './may-end.ts';

/** Tokens by id, or all tokens of a login. */
export type Tokens = { readonly jtis: readonly string[] } | { readonly login: string };

/** Tokens, the link with this socket and its token, or sessions by id or of one login. */
export type Selection =
  /** With `endSessions`, the sessions of the tokens end, too; with `login`, every session of that login. */
  | (Tokens & { readonly endSessions?: boolean })
  | { readonly socket: string }
  /** `graceMs` is the time between SIGTERM and SIGKILL; 3 s by default. */
  | { readonly sessionIds: readonly string[]; readonly graceMs?: number | undefined }
  | { readonly sessionsOf: string; readonly graceMs?: number | undefined };

export type Session = Awaited<ReturnType<Sessions['endable']>>[number];

/** The selected tokens, or sessions and no token. */
export type Selected =
  | (Tokens & { readonly endSessions?: boolean })
  | {
      readonly jtis: readonly [];
      readonly sessions: readonly Session[];
      readonly graceMs?: number | undefined;
    };

export interface SelectDeps {
  readonly authority: Pick<Authority, 'isActive' | 'get' | 'liveTokensOf'>;
  readonly links: Pick<Links, 'get'>;
  readonly sessions: Pick<Sessions, 'endable' | 'activeOf'>;
  readonly roles: Roles;
}

/**
 * Resolves a selection. Throws NOT_FOUND, PERMISSION_DENIED, SESSION_ENDED, STORE_UNAVAILABLE.
 */
export async function select(
  selection: Selection,
  why: EndReason,
  by: Requester,
  deps: SelectDeps,
): Promise<Selected> {
  if ('jtis' in selection) return { ...selection, jtis: await tokensById(selection.jtis, by, deps) };
  if ('login' in selection) return { ...selection, ...(await tokensOf(selection.login, why, by, deps)) };
  if ('socket' in selection) return { jtis: [await tokenOfLink(selection.socket, by, deps)] };
  const { graceMs } = selection;
  if ('sessionIds' in selection) {
    const viewer = { login: by.claims.sub, seesAll: seesAll(by) };
    return { jtis: [], sessions: await deps.sessions.endable(viewer, selection.sessionIds), graceMs };
  }
  checkSeesLogin(by, selection.sessionsOf);
  return { jtis: [], sessions: await sessionsOfLogin(selection.sessionsOf, deps), graceMs };
}

/** Returns the sessions of a login that have not ended. Throws STORE_UNAVAILABLE. */
export async function sessionsOfLogin(
  login: string,
  { sessions }: Pick<SelectDeps, 'sessions'>,
): Promise<Session[]> {
  return sessions.activeOf({ logins: new Set([login]), linuxUsers: new Set() });
}

async function tokensById(jtis: readonly string[], by: Requester, deps: SelectDeps): Promise<string[]> {
  const active = jtis.filter((jti) => deps.authority.isActive(jti));
  // Looking up the owners takes time in which the tokens stay valid. An administrator may end all of them.
  const mayEndAll = by.role === 'admin' || active.every((jti) => jti === by.claims.jti);
  const found = mayEndAll ? active : await visible(active, by, deps);
  if (found.length === 0) throw new AppError('NOT_FOUND', 'there is no such token');
  return found;
}

async function visible(
  jtis: readonly string[],
  by: Requester,
  { authority, roles }: SelectDeps,
): Promise<string[]> {
  const claims = await Promise.all(jtis.map((jti) => authority.get(jti)));
  const found = claims.filter((each) => each !== undefined).filter((each) => sees(by, each));
  await checkMayEnd(by, found, roles);
  return found.map(({ jti }) => jti);
}

async function tokensOf(
  login: string,
  why: EndReason,
  by: Requester,
  { authority, roles }: SelectDeps,
): Promise<Tokens> {
  checkSeesLogin(by, login);
  // Everybody may log out everywhere, even if one of their tokens has the administrator role.
  const isLogout = why === 'logout' && login === by.claims.sub;
  if (by.role === 'manager' && !isLogout) await checkMayEnd(by, await authority.liveTokensOf(login), roles);
  return { login };
}

async function tokenOfLink(
  socket: string,
  by: Requester,
  { authority, links, roles }: SelectDeps,
): Promise<string> {
  const link = links.get(socket);
  checkSeesLink(by, link);
  const claims = by.role === 'manager' ? await authority.get(link.jti) : undefined;
  if (claims !== undefined) await checkMayEnd(by, [claims], roles);
  return link.jti;
}
