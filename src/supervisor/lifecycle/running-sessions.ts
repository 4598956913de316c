/** Reads the sessions that have not ended from the store. */
import { LARGEST_PAGE, pages } from '../../async/pages.ts';
import type { Store } from '../../store/open.ts';
import type { SessionRow } from '../../store/schema.ts';
import { selectSessions, sessionsOfUid } from '../../store/tables/sessions.ts';

const ACTIVE = ['starting', 'running'] as const;

export async function runningOfUid(store: Store, uid: number): Promise<SessionRow[]> {
  const found = await Promise.all(ACTIVE.map((state) => store.read((db) => sessionsOfUid(db, uid, state))));
  return found.flat();
}

export function runningOfLogin(store: Store, login: string): Promise<SessionRow[]> {
  return allRunning(store, { login });
}

/** Returns the running sessions of a login, or of all. */
export async function allRunning(store: Store, query: { login?: string } = {}): Promise<SessionRow[]> {
  const found: SessionRow[] = [];
  for (const state of ACTIVE) {
    const ask = { ...query, state, pageSize: LARGEST_PAGE };
    const all = pages((pageToken) => store.read((db) => selectSessions(db, { ...ask, pageToken })));
    for await (const { items } of all) found.push(...items);
  }
  return found;
}
