/**
 * Finds what depends on tokens and ends with them (DESIGN 6): a token's own link, and the sessions with a
 * terminal that the token started; with on_revoke "end" all of its sessions; with shutdown_on_logout the
 * link daemon of a user whose last login it was. Other tokens lose nothing, with one exception: under
 * on_revoke "end" all sessions on a revoked link daemon end.
 */
import type { Authority, EndReason } from '../authority/authority.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import { type Selected, type Session, sessionsOfLogin } from './select.ts';

/** The rooms that know what depends on a token. */
export interface DependentSources {
  readonly authority: Pick<Authority, 'liveTokensOf'>;
  readonly links: Pick<Links, 'find' | 'daemonsOf'>;
  readonly sessions: Pick<Sessions, 'dependentOn' | 'endable' | 'activeOf'>;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => RevocationSettings;
}

export interface RevocationSettings {
  /** Says whether the sessions of a token that ends keep running (`keep`) or end with it. */
  readonly onRevoke: 'keep' | 'end';
  /** True when a link daemon ends with its user's last login. */
  readonly shutdownOnLogout: boolean;
}

/** Returns the links of these tokens. */
export function linksOf(tokens: readonly TokenClaims[], { links }: DependentSources): LinkInfo[] {
  return tokens.flatMap(({ socket }) => links.find(socket ?? '') ?? []);
}

/** The way in which the tokens of one call end. */
export interface Ending {
  readonly why: EndReason;
  /** True when sessions end with the tokens, whatever the settings say. */
  readonly endSessions?: boolean | undefined;
  /** Login whose tokens all end; with `endSessions`, all of its sessions do, too. */
  readonly login?: string | undefined;
}

export function endingOf(selected: Selected, why: EndReason): Ending {
  const login = 'login' in selected ? selected.login : undefined;
  return { why, endSessions: 'endSessions' in selected && selected.endSessions, login };
}

/** Returns true when sessions end, too. The sessions of a lost link wait for the next one. */
export function endsSessions({ why, endSessions }: Ending, { settings }: DependentSources): boolean {
  return (endSessions === true || settings().onRevoke === 'end') && why !== 'link-ended';
}

/**
 * Returns the sessions that end with all tokens of a login, none unless they are to end. Throws
 * STORE_UNAVAILABLE.
 */
export async function endedSessionsOf(
  { login, endSessions }: Ending,
  sources: Pick<DependentSources, 'sessions'>,
): Promise<Session[]> {
  return login !== undefined && endSessions === true ? sessionsOfLogin(login, sources) : [];
}

/**
 * Returns the running sessions that end with these tokens, and those that are kept. Throws STORE_UNAVAILABLE.
 */
export async function sessionsOf(
  tokens: readonly TokenClaims[],
  ending: Ending,
  sources: DependentSources,
): Promise<{ ending: Session[]; kept: Session[] }> {
  const daemons = linksOf(tokens, sources).filter(({ daemon }) => daemon);
  const found = await sources.sessions.dependentOn(tokens, daemons);
  if (endsSessions(ending, sources)) {
    const others = await endedSessionsOf(ending, sources);
    return { ending: [...new Map([...found, ...others].map((one) => [one.id, one])).values()], kept: [] };
  }
  const jtis = new Set(tokens.map(({ jti }) => jti));
  const own = found.filter(({ jti }) => jtis.has(jti));
  const endsWithLink = terminalsOf(tokens, ending);
  return { ending: own.filter(endsWithLink), kept: own.filter((session) => !endsWithLink(session)) };
}

/** Finds the terminals that end with their link: those started with a token that has a link of its own. */
function terminalsOf(tokens: readonly TokenClaims[], { why }: Ending): (session: Session) => boolean {
  const ofLinks = new Set(tokens.filter(({ socket }) => socket !== undefined).map(({ jti }) => jti));
  return ({ jti, terminal }) => why !== 'link-ended' && terminal !== null && ofLinks.has(jti);
}

/**
 * Returns the ids of the tokens of link daemons whose users lose their last login with `tokens`; those in
 * `ending` no longer count as logins. Throws STORE_UNAVAILABLE.
 */
export async function unusedDaemons(
  tokens: readonly TokenClaims[],
  why: EndReason,
  ending: ReadonlySet<string>,
  { authority, links, settings }: DependentSources,
): Promise<string[]> {
  if (!settings().shutdownOnLogout || why === 'link-ended') return [];
  const unused: string[] = [];
  for (const user of new Set(tokens.filter(isLogin).flatMap(({ user }) => user ?? []))) {
    const logins = new Set([user, ...tokens.filter((claims) => claims.user === user).map(({ sub }) => sub)]);
    const live = (await Promise.all([...logins].map((login) => authority.liveTokensOf(login)))).flat();
    if (live.some((claims) => isLogin(claims) && claims.user === user && !ending.has(claims.jti))) continue;
    unused.push(...links.daemonsOf(user).map(({ jti }) => jti));
  }
  return unused;
}

/** Returns false for the token of a link daemon. */
function isLogin({ authMethod }: TokenClaims): boolean {
  return authMethod !== 'link-daemon';
}
