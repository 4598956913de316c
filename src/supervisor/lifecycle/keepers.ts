/**
 * The keepers of sessions: their links name them, and they outlive their links. The server believes the first
 * name only, and looks at once: a keeper is a process of the session's uid, and of no other session. What it
 * has not seen then is not known later either, whatever a link says.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { Semaphore } from '../../async/semaphore.ts';
import type { Store } from '../../store/open.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { LinkRegistry } from '../registry.ts';
import { startTimeOf } from './listening-process.ts';
import { runningOfUid } from './running-sessions.ts';

/** Time for a keeper to leave after its link has reported the end of its session. */
const LEAVING_MS = 2_000;
const POLL_MS = 20;
/** Processes looked at together: each holds descriptors meanwhile. */
const AT_ONCE = 64;

interface Keeper {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
}

interface Named {
  readonly uid: number;
  /** Undefined when there was no such process, or the server could not see it. */
  readonly keeper: Promise<Keeper | undefined>;
}

export class Keepers {
  readonly #registry: LinkRegistry;
  readonly #store: Store;
  /** The keepers named first, by session. */
  readonly #named = new Map<string, Named>();
  /** The sessions of the keepers that were seen, by pid and start time. */
  readonly #sessions = new Map<string, string>();
  readonly #looks = new Semaphore(AT_ONCE);
  /** Looks at one process happen in the order in which it was named. */
  readonly #turns = new KeyedQueue<number>();

  constructor(registry: LinkRegistry, store: Store) {
    this.#registry = registry;
    this.#store = store;
  }

  /** Looks at the keeper that a link names for a session of `uid`, unless one has been named before. */
  name(sessionId: string, uid: number, pid: number): void {
    if (this.#named.has(sessionId)) return;
    this.#named.set(sessionId, { uid, keeper: this.#turns.run(pid, () => this.#look(sessionId, uid, pid)) });
  }

  async #look(sessionId: string, uid: number, pid: number): Promise<Keeper | undefined> {
    const startTime = pid === 0 ? 'gone' : await this.#looks.run(() => startTimeOf(pid, uid));
    if (typeof startTime !== 'number' || !this.#named.has(sessionId)) return undefined;
    const keeper = { pid, startTime };
    if (this.#sessions.has(keyOf(keeper))) return undefined;
    this.#sessions.set(keyOf(keeper), sessionId);
    return keeper;
  }

  /** Forgets the keeper of a session that has ended. */
  async forget(sessionId: string): Promise<void> {
    const named = this.#named.get(sessionId);
    this.#named.delete(sessionId);
    const keeper = await named?.keeper;
    if (keeper !== undefined) this.#sessions.delete(keyOf(keeper));
  }

  /** Forgets the keepers of a uid's sessions that have ended without a link. Throws STORE_UNAVAILABLE. */
  async forgetEnded(uid: number): Promise<void> {
    const before = [...this.#named].filter(([, named]) => named.uid === uid);
    const running = new Set((await runningOfUid(this.#store, uid)).map(({ id }) => id));
    for (const [id] of before) if (!running.has(id)) await this.forget(id);
  }

  /** Returns the session of a process that was seen to be a keeper, also when its link is gone. */
  sessionOf(process: Keeper): string | undefined {
    return this.#sessions.get(keyOf(process));
  }

  /** Returns true when a connected link says that it looks after the session. */
  isNamed({ id, socket }: Pick<SessionRow, 'id' | 'socket'>): boolean {
    return this.#registry.get(socket ?? '')?.connection?.running.has(id) === true;
  }

  /** Returns the pid of a session's keeper, unless it is known to have ended; 0 when there is none. */
  async of({ id, uid }: Pick<SessionRow, 'id' | 'uid'>): Promise<number> {
    const named = this.#named.get(id);
    const keeper = named?.uid === uid ? await named.keeper : undefined;
    return keeper !== undefined && !(await this.#isGone(keeper, uid)) ? keeper.pid : 0;
  }

  /**
   * Returns false when the keeper of a session is not known to be gone two seconds later, so that the session
   * has not ended as far as the server can tell. True when it is gone, or none was ever seen.
   */
  async isGoneSoon({ id, uid }: Pick<SessionRow, 'id' | 'uid'>): Promise<boolean> {
    const keeper = await this.#named.get(id)?.keeper;
    if (keeper === undefined) return true;
    for (const deadline = performance.now() + LEAVING_MS; performance.now() < deadline; await delay(POLL_MS))
      if (await this.#isGone(keeper, uid)) return true;
    return false;
  }

  async #isGone({ pid, startTime }: Keeper, uid: number): Promise<boolean> {
    const now = await this.#looks.run(() => startTimeOf(pid, uid));
    return now !== 'unknown' && now !== startTime;
  }
}

function keyOf({ pid, startTime }: Keeper): string {
  return `${pid} ${startTime}`;
}
