/** Sessions that are not over, as the store has them. */
import type { Store } from '../../store/open.ts';
import type { SessionRow } from '../../store/schema.ts';
import { selectSessions, sessionsOfUid } from '../../store/tables/sessions.ts';

const UNENDED = ['starting', 'running'] as const;
const PAGE = 1000;

export async function runningOfUid(store: Store, uid: number): Promise<SessionRow[]> {
  const found = await Promise.all(UNENDED.map((state) => store.read((db) => sessionsOfUid(db, uid, state))));
  return found.flat();
}

export async function runningOfLogin(store: Store, login: string): Promise<SessionRow[]> {
  const found: SessionRow[] = [];
  for (const state of UNENDED) {
    let pageToken = '';
    do {
      const query = { login, state, pageSize: PAGE, pageToken };
      const page = await store.read((db) => selectSessions(db, query));
      found.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }
  return found;
}
