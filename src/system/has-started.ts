/** Tells whether a child process has started, before its pipes are used. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Resolves when `child`, which has just been spawned, has started. Throws the error of a child that could not
 * be: Node.js reports it later by an event, which would end this process, and leaves its pipes undefined when
 * the process has no descriptors (EMFILE).
 */
export async function hasStarted(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return;
  const [error] = await once(child, 'error');
  throw error;
}
