/** A process's requests to the kernel about itself, its children and its locks. */
import { readdirSync } from 'node:fs';
import { checked, errno, libc, systemError } from './libc.ts';

const PR_SET_DUMPABLE = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const FIRST_AFTER_STDIO = 3;
const WNOHANG = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/**
 * False: no core dump, no ptrace, and /proc/<pid> is closed to other processes of the same user
 * (prctl(2)). Not inherited by programs that this process runs.
 */
export function setDumpable(dumpable: boolean): void {
  checked('prctl', libc.prctl(PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n));
}

/**
 * Makes this process the parent of orphans among its descendants, in place of init (prctl(2)). It must
 * reap them.
 */
export function becomeSubreaper(): void {
  checked('prctl', libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n));
}

/**
 * Sets close-on-exec on every descriptor above 2, so that programs started from here do not inherit what
 * our own parent left open.
 */
export function closeAllOnExec(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd >= FIRST_AFTER_STDIO) closeOnExec(fd);
}

/** Sets close-on-exec on one descriptor. */
export function closeOnExec(fd: number): void {
  libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Reaps one child that has exited. Returns false when it has not. */
export function reap(pid: number): boolean {
  if (pid <= 0) throw new Error('waitpid: one process at a time');
  return libc.waitpid(pid, Buffer.alloc(4), WNOHANG) === pid;
}

/**
 * Takes an exclusive lock on an open file without waiting; returns false when another process has it. The
 * lock ends when the descriptor is closed.
 */
export function flock(fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const number = errno();
  if (number === EWOULDBLOCK) return false;
  throw systemError('flock', number);
}
