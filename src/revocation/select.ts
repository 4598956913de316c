/** Finds what a revocation selects, and checks that the caller may end it. Ends nothing. */
import { seesAll } from '../accounts/roles.ts';
import type { Authority, EndReason } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import { checkMayEnd, checkSeesLink, checkSeesLogin, type Requester, type Roles, sees } from './may-end.ts';

/** Tokens by id, or all tokens of a login. */
export type Tokens = { readonly jtis: readonly string[] } | { readonly login: string };

/** Tokens, the link with this socket and its token, or one session. */
export type Selection =
  | Tokens
  | { readonly socket: string }
  /** `graceMs` is the time between SIGTERM and SIGKILL; 3 s by default. */
  | { readonly sessionId: string; readonly graceMs?: number | undefined };

export type Session = Awaited<ReturnType<Sessions['endable']>>;

/** The selected tokens, or one session and no token. */
export type Selected =
  | Tokens
  | { readonly jtis: readonly []; readonly session: Session; readonly graceMs?: number | undefined };

export interface SelectDeps {
  readonly authority: Pick<Authority, 'isActive' | 'get' | 'liveTokensOf'>;
  readonly links: Pick<Links, 'get'>;
  readonly sessions: Pick<Sessions, 'endable'>;
  readonly roles: Roles;
}

/**
 * Resolves a selection. Throws NOT_FOUND, PERMISSION_DENIED, SESSION_ENDED, LINK_REQUIRED, LINK_LOST,
 * STORE_UNAVAILABLE.
 */
export async function select(
  selection: Selection,
  why: EndReason,
  by: Requester,
  deps: SelectDeps,
): Promise<Selected> {
  if ('jtis' in selection) return { jtis: await tokensById(selection.jtis, by, deps) };
  if ('login' in selection) return tokensOf(selection.login, why, by, deps);
  if ('socket' in selection) return { jtis: [await tokenOfLink(selection.socket, by, deps)] };
  const viewer = { login: by.claims.sub, seesAll: seesAll(by) };
  const session = await deps.sessions.endable(viewer, selection.sessionId);
  return { jtis: [], session, graceMs: selection.graceMs };
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
