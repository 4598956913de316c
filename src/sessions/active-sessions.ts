/** Finds sessions that have not ended, for a revocation: those of people, and those that depend on tokens. */
import { chunksOf } from '../async/chunks-of.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import { activeSessionsOf } from '../store/tables/sessions.ts';
import { runningOfLogin, runningOfUid } from '../supervisor/lifecycle/running-sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { TokenClaims } from '../token/claims.ts';

/** Names in one query. */
const NAMES_AT_ONCE = 500;

/** Logins and Linux users, by name. */
export interface People {
  readonly logins: ReadonlySet<string>;
  readonly linuxUsers: ReadonlySet<string>;
}

/**
 * Returns the sessions of these logins, and those that run as these Linux users. Throws STORE_UNAVAILABLE.
 */
export async function activeOf(store: Store, { logins, linuxUsers }: People): Promise<SessionRow[]> {
  const found = new Map<string, SessionRow>();
  const read = async (of: { logins: readonly string[]; linuxUsers: readonly string[] }): Promise<void> => {
    const rows = await store.read((db) => activeSessionsOf(db, of));
    for (const row of rows) found.set(row.id, row);
  };
  for (const some of chunksOf([...logins], NAMES_AT_ONCE)) await read({ logins: some, linuxUsers: [] });
  for (const some of chunksOf([...linuxUsers], NAMES_AT_ONCE)) await read({ logins: [], linuxUsers: some });
  return [...found.values()];
}

/**
 * Returns the sessions that were started with one of these tokens, or run on one of these link daemons.
 * Throws STORE_UNAVAILABLE.
 */
export async function dependentOn(
  store: Store,
  tokens: readonly TokenClaims[],
  daemons: readonly Pick<LinkInfo, 'uid' | 'socket'>[],
): Promise<SessionRow[]> {
  const jtis = new Set(tokens.map(({ jti }) => jti));
  const found = new Map<string, SessionRow>();
  for (const login of new Set(tokens.map(({ sub }) => sub)))
    for (const row of await runningOfLogin(store, login)) if (jtis.has(row.jti)) found.set(row.id, row);
  for (const { uid, socket } of daemons)
    for (const row of await runningOfUid(store, uid)) if (row.socket === socket) found.set(row.id, row);
  return [...found.values()];
}
