/** What lies in the folder of links and is no link's: sockets of processes that were killed, and whatever else. */
import { dial, Unreachable } from '../connection/dial.ts';
import type { LinksFolder } from './links-folder.ts';
import { uidOfSocketName } from './socket-name.ts';

/** A link that is only just beginning has its socket, and is not known yet. */
const YOUNG_MS = 60_000;
const DIAL_MS = 200;

/** Removes what nobody listens on, until `stopping`. `isKnown` tells the names of links. */
export async function sweep(
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
    return !(error instanceof Unreachable) || error.gone; // another's listener is no link either
  }
}
