/**
 * Cleans the folder of links: sockets of processes that were killed, and anything that is not a link's
 * socket.
 */
import { dial, Unreachable } from '../connection/dial.ts';
import type { LinksFolder } from './links-folder.ts';
import { uidOfSocketName } from './socket-name.ts';

/** Age below which an entry is kept: a new link has its socket before it is known. */
const YOUNG_MS = 60_000;
const DIAL_MS = 200;

/**
 * Removes entries that nobody listens on, until `stopping`. `isKnown` returns true for the sockets of
 * links.
 */
export async function removeStale(
  folder: LinksFolder,
  isKnown: (name: string) => boolean,
  nowMs: number,
  stopping: AbortSignal,
): Promise<void> {
  for await (const { name, ageMs, socket } of folder.entries(nowMs)) {
    if (stopping.aborted) return;
    if (isKnown(name) || ageMs < YOUNG_MS) continue;
    if (!socket || (await isDead(folder, name))) await folder.remove(name);
  }
}

async function isDead(folder: LinksFolder, name: string): Promise<boolean> {
  const uid = uidOfSocketName(name);
  if (uid === undefined) return true;
  try {
    const { socket } = await dial(folder.pathOf(name), uid, DIAL_MS);
    socket.destroy();
    return false;
  } catch (error) {
    return !(error instanceof Unreachable) || error.gone; // the listener belongs to another uid
  }
}
