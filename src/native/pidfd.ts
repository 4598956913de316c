/**
 * Process file descriptors (pidfd_open(2)): a pidfd means exactly one process, whatever becomes of its pid,
 * and needs no /proc. Together with kill(2), they are the kernel's word on whether a process is gone.
 */
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { codeOf } from '../errno.ts';
import { checked, errno, libc, systemError } from './libc.ts';
import { descriptor } from './peer-credentials.ts';
import { closeOnExec } from './process.ts';

const SYS_PIDFD_SEND_SIGNAL = 424n; // the same on every architecture
const SYS_PIDFD_OPEN = 434n;
const SOL_SOCKET = 1;
const SO_PEERPIDFD = 77; // Linux 6.5
const POLLIN = 1;
const POLLFD_BYTES = 8; // struct pollfd: int fd, short events, short revents
const EINTR = 4;
const ESRCH = 3;
const EPERM = 1;

/** The result of sending a signal: `gone` and `refused` (EPERM, so it lives) are the kernel's word. */
export type SignalResult = 'sent' | 'gone' | 'refused';

export class Pidfd implements Disposable {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
    closeOnExec(fd);
  }

  /**
   * Opens the process that listens at the other end of a connected unix socket (SO_PEERPIDFD, unix(7)).
   * Throws an error with `code`: ENOPROTOOPT on an older kernel, EMFILE and ENFILE without descriptors; and
   * ESRCH, EINVAL or ENODATA when it is gone.
   */
  static ofPeer(socket: Socket): Pidfd {
    const value = Buffer.alloc(4);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(value.length);
    checked('getsockopt', libc.getsockopt(descriptor(socket), SOL_SOCKET, SO_PEERPIDFD, value, length));
    return new Pidfd(value.readInt32LE(0));
  }

  /** Opens the process that has `pid` now. Throws an error with `code`: ESRCH, EMFILE, ENOSYS, and others. */
  static open(pid: number): Pidfd {
    return new Pidfd(checked('pidfd_open', Number(libc.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n, 0n))));
  }

  /** Returns true once the process has ended, also as a zombie. */
  hasExited(): boolean {
    const poll = Buffer.alloc(POLLFD_BYTES);
    poll.writeInt32LE(this.#open(), 0);
    poll.writeInt16LE(POLLIN, 4);
    // A signal interrupts poll(2) even when it does not wait: SIGCHLD, whenever a child ends.
    while (libc.poll(poll, 1n, 0) === -1) if (errno() !== EINTR) throw systemError('poll');
    return (poll.readInt16LE(6) & POLLIN) !== 0;
  }

  /** Sends a signal; 0 only asks whether that would be possible. */
  send(signal: number): SignalResult {
    const result = libc.syscall(SYS_PIDFD_SEND_SIGNAL, BigInt(this.#open()), BigInt(signal), 0n, 0n);
    if (result !== -1n) return 'sent';
    const number = errno();
    if (number === ESRCH) return 'gone';
    if (number === EPERM) return 'refused';
    throw systemError('pidfd_send_signal', number);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #open(): number {
    if (this.#fd < 0) throw new Error('pidfd: closed');
    return this.#fd;
  }
}

/**
 * Returns true when the kernel knows no process with this pid, not even as a zombie or as another user's
 * (ESRCH of kill(2)). Needs no descriptor and no /proc.
 */
export function isPidFree(pid: number): boolean {
  if (pid <= 0) throw new Error('kill: one process at a time');
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}
