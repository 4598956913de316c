/** Makes sure that the process of a stopped link is gone. Its sessions' keepers are separate processes. */
import type { Life, ListeningProcess } from './listening-process.ts';

const KILL_TIMEOUT_MS = 500;

/**
 * Waits up to `timeoutMs` for the process to exit by itself, then kills it, if the server may. Returns what
 * the kernel says then.
 */
export async function endProcess(process: ListeningProcess, timeoutMs: number): Promise<Life> {
  const life = await process.lifeWithin(timeoutMs);
  if (life === 'gone') return life;
  const result = await process.kill();
  return process.lifeWithin(result === 'refused' ? 0 : KILL_TIMEOUT_MS);
}
