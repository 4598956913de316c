/** Ends the records of sessions from before the host's last boot: none of them can still be running. */
import { readFile } from 'node:fs/promises';
import type { Store } from '../store/open.ts';
import { getMeta, setMeta } from '../store/tables/meta.ts';
import { selectSessions, updateSession } from '../store/tables/sessions.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const KEY = 'boot_id';
const BATCH_SIZE = 1000;

/** Marks sessions recorded as running since an earlier boot as ended, with unknown status. */
export async function endSessionsOfEarlierBoots(store: Store, nowMs: number): Promise<void> {
  const boot = (await readFile(BOOT_ID, 'utf8')).trim();
  const known = await store.read((db) => getMeta(db, KEY));
  if (known === boot) return;
  for (const state of ['starting', 'running'] as const) {
    let left: number;
    do {
      left = await store.commit(async (tx) => {
        const { items } = await selectSessions(tx, { state, pageSize: BATCH_SIZE });
        for (const { id } of items) await updateSession(tx, id, { state: 'ended', ended_at: nowMs });
        return items.length;
      });
    } while (left === BATCH_SIZE);
  }
  await store.commit((tx) => setMeta(tx, KEY, boot));
}
