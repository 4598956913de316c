/** Seeing to it that the process of a link that is over is gone. Its sessions' keepers are processes of their own. */
import type { Link } from '../link.ts';
import { isGoneWithin, killProcess } from './listening-process.ts';

const KILLED_MS = 500;

/** Waits `patienceMs` for the process to leave by itself, then kills it. False when it is still there. */
export async function endProcess({ process, uid }: Link, patienceMs: number): Promise<boolean> {
  if (!process || (await isGoneWithin(process, uid, patienceMs))) return true;
  return (await killProcess(process, uid)) && isGoneWithin(process, uid, KILLED_MS);
}
