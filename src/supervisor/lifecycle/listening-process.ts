/**
 * The process behind a link's socket. The kernel alone says that it is gone: a pidfd that has been kept since
 * the connection, or ESRCH. An entry of /proc that cannot be read says nothing, since it may be hidden
 * (hidepid of proc(5)), or the server may be out of descriptors.
 */
import { readFile, readlink } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import type { PeerCredentials } from '../../native/peer-credentials.ts';
import { isPidFree, Pidfd, type SignalResult } from '../../native/pidfd.ts';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';
import { SharedPidfd } from './shared-pidfd.ts';

/** State of a process. `unknown` counts as running wherever something should have ended. */
export type Life = 'running' | 'gone' | 'unknown';

/** Programs that listen on behalf of others: sshd for `ssh -R`, under the uid of the logged-in user. */
const FORWARDERS = /^sshd(-session|-auth)?$/;
const SIGKILL = 9;
const POLL_MS = 10;

export class ListeningProcess implements Disposable {
  readonly pid: number;
  /** Start time, in clock ticks since boot; undefined when /proc does not show it. */
  readonly startTime: number | undefined;
  readonly #uid: number;
  #shared: SharedPidfd | undefined;
  #isGone = false;

  private constructor(
    { pid, uid }: PeerCredentials,
    startTime: number | undefined,
    shared: SharedPidfd | undefined,
  ) {
    this.pid = pid;
    this.#uid = uid;
    this.startTime = startTime;
    this.#shared = shared;
  }

  /**
   * Returns the process that listens at the other end of a connected socket; undefined when it is gone, so
   * that another process accepts; when it has another uid by now; and for the server itself, which must not
   * be killed.
   */
  static async ofPeer(socket: Socket, peer: PeerCredentials): Promise<ListeningProcess | undefined> {
    if (peer.pid === process.pid) return undefined;
    const pidfd = openPeer(socket, peer.pid);
    if (pidfd === 'gone') return undefined;
    const [stat, uid] = await Promise.all([statOf(peer.pid), uidOf(peer.pid)]);
    const isOther = uid !== undefined && uid !== peer.uid;
    if (!isOther && !pidfd?.hasExited() && (stat === undefined || isAlive(stat)))
      return new ListeningProcess(peer, stat?.startTime, pidfd && new SharedPidfd(peer.pid, pidfd));
    pidfd?.[Symbol.dispose]();
    return undefined;
  }

  /** Returns whether it still runs, as the kernel says. */
  async life(): Promise<Life> {
    if (this.#isGone) return 'gone';
    const life = this.#shared ? lifeBy(this.#shared.pidfd) : await lifeOf(this.pid, this.startTime);
    if (life === 'gone') this.#isGone = true;
    if (this.#isGone) this[Symbol.dispose]();
    return life;
  }

  /** Waits up to `deadlineMs` for it to be gone; returns what is known then. */
  async lifeWithin(deadlineMs: number): Promise<Life> {
    for (const deadline = performance.now() + deadlineMs; ; await delay(POLL_MS)) {
      const life = await this.life();
      if (life === 'gone' || performance.now() > deadline) return life;
    }
  }

  /** Sends SIGKILL to exactly this process, if the server may. */
  async kill(): Promise<SignalResult> {
    if ((await this.life()) === 'gone') return 'gone';
    const [stat, uid] = await Promise.all([statOf(this.pid), uidOf(this.pid)]);
    if (uid !== undefined && uid !== this.#uid) return 'refused';
    if (this.#shared !== undefined) return this.#shared.pidfd.send(SIGKILL);
    if (stat === undefined || stat.startTime !== this.startTime) return 'refused';
    return killPid(this.pid);
  }

  /** Closes the pidfd, unless another link of the process has it. */
  [Symbol.dispose](): void {
    this.#shared?.[Symbol.dispose]();
    this.#shared = undefined;
  }
}

/**
 * Returns what is known of the process that had `pid`, and started at `startTime` if that is known, without
 * a pidfd.
 */
export async function lifeOf(pid: number, startTime?: number): Promise<Life> {
  if (isPidFree(pid)) return 'gone';
  const stat = await statOf(pid);
  if (stat === undefined) return 'unknown';
  if (!isAlive(stat)) return 'gone';
  if (startTime === undefined) return 'unknown';
  return stat.startTime === startTime ? 'running' : 'gone';
}

/**
 * Returns the start time of the running process `pid` of `uid`, in clock ticks since boot; 'gone' when it is
 * none, and 'unknown' when it is hidden or cannot be read, as without descriptors.
 */
export async function startTimeOf(pid: number, uid: number): Promise<number | 'gone' | 'unknown'> {
  try {
    const [text, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    const stat = parseStat(text);
    return stat !== undefined && isAlive(stat) && uidIn(status) === uid ? stat.startTime : 'gone';
  } catch {
    return isPidFree(pid) ? 'gone' : 'unknown';
  }
}

/** Returns the public state of a process; undefined when there is none, or it cannot be read. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  return parseStat((await readText(`/proc/${pid}/stat`)) ?? '');
}

/** Returns the real uid of a process; undefined when there is none, or it cannot be read. */
export async function uidOf(pid: number): Promise<number | undefined> {
  return uidIn((await readText(`/proc/${pid}/status`)) ?? '');
}

function uidIn(status: string): number | undefined {
  const [, uid] = /^Uid:\s*(\d+)/m.exec(status) ?? [];
  return uid === undefined ? undefined : Number(uid);
}

/** Returns true when `pid` is sshd, as far as /proc is readable. */
export async function isForwarder(pid: number): Promise<boolean> {
  const name = await readText(`/proc/${pid}/comm`);
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return [name?.trim() ?? '', basename(program.replace(/ \(deleted\)$/, ''))].some((it) =>
    FORWARDERS.test(it),
  );
}

function lifeBy(pidfd: Pidfd): Life {
  return pidfd.hasExited() ? 'gone' : 'running';
}

/** Returns undefined when no pidfd can be had: an old kernel, or no descriptors. */
function openPeer(socket: Socket, pid: number): Pidfd | 'gone' | undefined {
  for (const open of [() => Pidfd.ofPeer(socket), () => Pidfd.open(pid)])
    try {
      return open();
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return 'gone';
    }
  return undefined;
}

function killPid(pid: number): SignalResult {
  try {
    process.kill(pid, SIGKILL);
    return 'sent';
  } catch (error) {
    return codeOf(error) === 'ESRCH' ? 'gone' : 'refused';
  }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
