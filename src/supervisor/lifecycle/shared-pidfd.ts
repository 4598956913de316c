/**
 * One pidfd for each process, however many links the process has: otherwise a process with many sockets takes
 * as many of the server's descriptors again.
 */
import type { Pidfd } from '../../native/pidfd.ts';

interface Shared {
  readonly pidfd: Pidfd;
  users: number;
}

/** The open pidfds by pid. */
const open = new Map<number, Shared>();

export class SharedPidfd implements Disposable {
  readonly #pid: number;
  readonly #shared: Shared;
  #isDisposed = false;

  /** Takes over `pidfd`, which means the running process `pid`; closes it when there is one already. */
  constructor(pid: number, pidfd: Pidfd) {
    const known = open.get(pid);
    const isSame = known !== undefined && !known.pidfd.hasExited(); // so it has had this pid all the time
    this.#pid = pid;
    this.#shared = isSame ? known : { pidfd, users: 0 };
    this.#shared.users += 1;
    if (isSame) pidfd[Symbol.dispose]();
    else open.set(pid, this.#shared);
  }

  get pidfd(): Pidfd {
    return this.#shared.pidfd;
  }

  /** Closes the pidfd unless another link has it. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#shared.users -= 1;
    if (this.#shared.users > 0) return;
    this.#shared.pidfd[Symbol.dispose]();
    if (open.get(this.#pid) === this.#shared) open.delete(this.#pid);
  }
}
