/** What a process can ask of the kernel about itself, its children and its locks. */
import { readdirSync } from 'node:fs';
import { checked, errno, libc, systemError } from './libc.ts';

const PR_SET_DUMPABLE = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const FIRST_BESIDE_STDIO = 3;
const WNOHANG = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/**
 * Off: no core dump, no ptrace, and /proc/<pid> closed to others of the same user (prctl(2)). Children
 * are not affected.
 */
export function setDumpable(dumpable: boolean): void {
  checked('prctl', libc.prctl(PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n));
}

/** Makes orphans among this process's descendants its children, instead of init's (prctl(2)). Reap them. */
export function becomeSubreaper(): void {
  checked('prctl', libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n));
}

/**
 * Keeps every descriptor but standard input, output and error, which whoever started us may have left
 * open, from programs that we start.
 */
export function keepDescriptors(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd >= FIRST_BESIDE_STDIO) keepDescriptor(fd);
}

/** The same for one. */
export function keepDescriptor(fd: number): void {
  libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Takes the exit status of one child that has ended, so that it is no zombie. False when it has not. */
export function reap(pid: number): boolean {
  if (pid <= 0) throw new Error('waitpid: one process at a time');
  return libc.waitpid(pid, Buffer.alloc(4), WNOHANG) === pid;
}

/**
 * Locks an open file for this process alone; false when another has it. Gone when the descriptor is
 * closed.
 */
export function flock(fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const number = errno();
  if (number === EWOULDBLOCK) return false;
  throw systemError('flock', number);
}
