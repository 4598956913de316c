import { readFileSync } from 'node:fs';

/** The Linux default. Some programs loop over all descriptors, so it is not the higher one of a link. */
export const USUAL_OPEN_FILES = 1024;

/**
 * Returns the soft limit of open files of another process (proc_pid_limits(5)). Node raises its own to the
 * hard one as it starts, so only the process that started it still has the limit of the login.
 */
export function openFilesLimitOf(pid: number): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
    return Number(limit ?? USUAL_OPEN_FILES);
  } catch {
    return USUAL_OPEN_FILES; // hidden (hidepid), or gone
  }
}
