/** Makes sure that the process of a stopped link is gone. Its sessions' keepers are separate processes. */
import type { Link } from '../link.ts';
import { isGoneWithin, killProcess } from './listening-process.ts';

const KILL_TIMEOUT_MS = 500;

/**
 * Waits up to `timeoutMs` for the process to exit by itself, then kills it. Returns false when it is
 * still there.
 */
export async function endProcess({ process, uid }: Link, timeoutMs: number): Promise<boolean> {
  if (!process || (await isGoneWithin(process, uid, timeoutMs))) return true;
  return (await killProcess(process, uid)) && isGoneWithin(process, uid, KILL_TIMEOUT_MS);
}
