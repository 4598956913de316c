/** Nothing that ran before the host was started anew can be running. */
import { readFile } from 'node:fs/promises';
import type { Store } from '../store/open.ts';
import { getMeta, setMeta } from '../store/tables/meta.ts';
import { selectSessions, updateSession } from '../store/tables/sessions.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const KEY = 'boot_id';
const AT_ONCE = 1000;

/** Ends, with unknown status, what is on record as running since another boot. */
export async function endSessionsOfEarlierBoots(store: Store, nowMs: number): Promise<void> {
  const boot = (await readFile(BOOT_ID, 'utf8')).trim();
  const known = await store.read((db) => getMeta(db, KEY));
  if (known === boot) return;
  for (const state of ['starting', 'running'] as const) {
    let left: number;
    do {
      left = await store.commit(async (tx) => {
        const { items } = await selectSessions(tx, { state, pageSize: AT_ONCE });
        for (const { id } of items) await updateSession(tx, id, { state: 'ended', ended_at: nowMs });
        return items.length;
      });
    } while (left === AT_ONCE);
  }
  await store.commit((tx) => setMeta(tx, KEY, boot));
}
