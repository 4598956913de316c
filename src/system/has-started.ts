/** Tells whether a child process has started, before its pipes are used. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { codeOf } from '../errno.ts';
import { AppError } from '../errors.ts';

/** Limits that keep a process from starting (fork(2), pipe(2)), by the code of the error. */
const LIMITS: Readonly<Record<string, string>> = {
  EAGAIN: 'no more processes are allowed (ulimit -u)',
  EMFILE: 'no more files can be opened (ulimit -n)',
  ENFILE: 'no more files can be opened on this host',
  ENOMEM: 'no memory is left',
};

/**
 * Resolves when `child`, which has just been spawned, has started. Throws UNAVAILABLE for a child that could
 * not be: Node.js reports it later by an event, which would end this process, and leaves its pipes undefined
 * when the process has no descriptors (EMFILE).
 */
export async function hasStarted(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return;
  const [cause] = await once(child, 'error');
  throw new AppError('UNAVAILABLE', `cannot start ${child.spawnfile}: ${whyNotStarted(cause)}`, { cause });
}

/** Returns the reason in words, for a person who can change the limit. */
export function whyNotStarted(error: unknown): string {
  const limit = LIMITS[codeOf(error) ?? ''];
  return limit ?? (error instanceof Error ? error.message : 'unknown error');
}
