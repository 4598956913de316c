/**
 * The keepers of sessions: their links name them, and they outlive their links. What links say is checked as
 * far as the server can see: a keeper is a process of the session's uid.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isPidFree } from '../../native/pidfd.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { Link } from '../link.ts';
import type { LinkRegistry } from '../registry.ts';
import { startTimeOf, uidOf } from './listening-process.ts';

interface Keeper {
  readonly pid: number;
  readonly uid: number;
  readonly startTime: number;
}

export class Keepers {
  readonly #registry: LinkRegistry;
  /** Keepers of links that are gone, by session. */
  readonly #remembered = new Map<string, Keeper>();

  constructor(registry: LinkRegistry) {
    this.#registry = registry;
  }

  /** Remembers the keepers of a link that is being removed. */
  async remember({ uid, running }: Link): Promise<void> {
    for (const [id, { pid }] of this.#remembered) if (isPidFree(pid)) this.#remembered.delete(id);
    for (const [id, pid] of [...running]) {
      const startTime = pid === 0 ? undefined : await startTimeOf(pid, uid);
      if (startTime !== undefined) this.#remembered.set(id, { pid, uid, startTime });
    }
  }

  /** Returns true when a connected link says that it looks after the session. */
  isNamed({ id, socket }: Pick<SessionRow, 'id' | 'socket'>): boolean {
    return this.#registry.get(socket ?? '')?.connection?.running.has(id) === true;
  }

  /**
   * Returns the pid of a session's keeper; 0 when it is unknown, has ended, or belongs to somebody else as
   * far as the server can see.
   */
  async of({ id, uid, socket }: Pick<SessionRow, 'id' | 'uid' | 'socket'>): Promise<number> {
    const named = this.#registry.get(socket ?? '')?.connection?.running.get(id) ?? 0;
    if (named > 0) {
      const owner = await uidOf(named);
      return owner === undefined || owner === uid ? named : 0;
    }
    const known = this.#remembered.get(id);
    if (known === undefined || known.uid !== uid) return 0;
    return (await startTimeOf(known.pid, uid)) === known.startTime ? known.pid : 0;
  }
}

/** Time for a keeper to leave after its link has reported the end of its session. */
const LEAVING_MS = 2_000;
const POLL_MS = 20;

/**
 * Returns false when the process `pid` of `uid` still runs two seconds later, so that its session has not
 * ended. True when it is gone, or the server cannot see it.
 */
export async function isGoneSoon(pid: number, uid: number): Promise<boolean> {
  const startTime = pid === 0 ? undefined : await startTimeOf(pid, uid);
  if (startTime === undefined) return true;
  for (const deadline = performance.now() + LEAVING_MS; performance.now() < deadline; await delay(POLL_MS))
    if ((await startTimeOf(pid, uid)) !== startTime) return true;
  return false;
}
