/**
 * Finds what hangs on tokens and ends with them (DESIGN 6): a token's own link; with on_revoke "end" its
 * sessions; with shutdown_on_logout the link daemon of a user whose last login it was. Nothing of another
 * token's is among it, but for what runs on a link daemon that is itself revoked under on_revoke "end".
 */
import type { Authority, EndReason } from '../authority/authority.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Session } from './select.ts';

export interface HangingDeps {
  readonly authority: Pick<Authority, 'liveTokensOf'>;
  readonly links: Pick<Links, 'find' | 'daemonsOf'>;
  readonly sessions: Pick<Sessions, 'hangingOn'>;
  /** The settings in force; they may change while the server runs. */
  readonly settings: () => RevocationSettings;
}

export interface RevocationSettings {
  /** Sessions of a token that ends go on (`keep`) or end with it. */
  readonly onRevoke: 'keep' | 'end';
  /** True when a link daemon ends with its user's last login. */
  readonly shutdownOnLogout: boolean;
}

/** The links of these tokens. */
export function linksOf(tokens: readonly TokenClaims[], { links }: HangingDeps): LinkInfo[] {
  return tokens.flatMap(({ socket }) => links.find(socket ?? '') ?? []);
}

/** True when sessions end for this reason. The sessions of a link that was lost wait for the next one. */
export function endsSessions(why: EndReason, { settings }: HangingDeps): boolean {
  return settings().onRevoke === 'end' && why !== 'link-ended';
}

/** The running sessions that end with these tokens, and those that stay. Throws STORE_UNAVAILABLE. */
export async function sessionsOf(
  tokens: readonly TokenClaims[],
  why: EndReason,
  deps: HangingDeps,
): Promise<{ ending: Session[]; staying: Session[] }> {
  const daemons = linksOf(tokens, deps).filter(({ daemon }) => daemon);
  const found = await deps.sessions.hangingOn(tokens, daemons);
  if (endsSessions(why, deps)) return { ending: found, staying: [] };
  const jtis = new Set(tokens.map(({ jti }) => jti));
  return { ending: [], staying: found.filter(({ jti }) => jtis.has(jti)) };
}

/**
 * The ids of the tokens of link daemons that nobody is logged in for once `going` have ended, the last
 * logins of their users among `tokens`. Throws STORE_UNAVAILABLE.
 */
export async function unusedDaemons(
  tokens: readonly TokenClaims[],
  why: EndReason,
  going: ReadonlySet<string>,
  { authority, links, settings }: HangingDeps,
): Promise<string[]> {
  if (!settings().shutdownOnLogout || why === 'link-ended') return [];
  const unused: string[] = [];
  for (const user of new Set(tokens.filter(isLogin).flatMap(({ user }) => user ?? []))) {
    const logins = new Set([user, ...tokens.filter((claims) => claims.user === user).map(({ sub }) => sub)]);
    const live = (await Promise.all([...logins].map((login) => authority.liveTokensOf(login)))).flat();
    if (live.some((claims) => isLogin(claims) && claims.user === user && !going.has(claims.jti))) continue;
    unused.push(...links.daemonsOf(user).map(({ jti }) => jti));
  }
  return unused;
}

/** The token of a link daemon is nobody's login. */
function isLogin({ authMethod }: TokenClaims): boolean {
  return authMethod !== 'link-daemon';
}
