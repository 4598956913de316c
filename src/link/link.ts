/**
 * A link: it runs programs as its user for one daemon, and goes when its token does (F10, F32).
 * Promises that only the daemon commands it, after proof, and that what it started goes on when
 * it dies; it never decides who may start what.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ended } from '../generated/latchkey/link/v1/link.ts';
import type { Account } from './account/account.ts';
import { Channel } from './connection/channel.ts';
import { CommandLoop } from './connection/command-loop.ts';
import type { Leaving } from './connection/commands.ts';
import { shakeHands } from './connection/handshake.ts';
import type { Identity, LinkToken } from './identity.ts';
import { IdleMemory } from './processes/idle-memory.ts';
import { reapOrphans } from './processes/orphans.ts';
import { Sessions } from './session/sessions.ts';
import type { SessionsDir } from './session/sessions-dir.ts';

const CHECK_MS = 30_000;
const [LAST_READING_MS, SHORT_MS] = [5000, 20];

/** Why a link is gone. */
export type Departure = 'expired' | 'stopped' | 'signalled';

/** What a link is made with. */
export interface LinkOptions {
  readonly account: Account;
  readonly identity: Identity;
  readonly place: SessionsDir;
  /** What programs get as their umask. */
  readonly umask: number;
  /** Whether `pid` was started by Node, which then reaps it. */
  readonly isOwnChild: (pid: number) => boolean;
  /** A token was accepted: the first one, or a later one of the same id. */
  readonly onToken: (token: LinkToken) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class Link implements AsyncDisposable {
  /** Resolves when the link is to go; dispose it then. */
  readonly departed: Promise<Departure>;
  readonly #depart: (why: Departure) => void;
  readonly #options: LinkOptions;
  readonly #frugal = new IdleMemory(() => this.#current?.readers.trim());
  readonly #sessions: Sessions;
  readonly #orphans: Disposable;
  #current: CommandLoop | undefined;
  #retired: (() => void) | undefined;
  #leaving = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    const { promise, resolve } = Promise.withResolvers<Departure>();
    this.departed = promise;
    this.#depart = resolve;
    this.#options = options;
    const { account, place, umask } = options;
    this.#sessions = new Sessions(account, place, umask, {
      exited: (exited) => this.#current?.tell({ $case: 'exited', value: exited }),
      warning: (sessionId, text) => this.#current?.tell({ $case: 'warning', value: { sessionId, text } }),
      idle: () => this.#retired?.(),
    });
    this.#orphans = reapOrphans(options.isOwnChild);
  }

  /** Takes a connection of the daemon's uid; one that proves itself replaces the one before. */
  async welcome(socket: Socket): Promise<void> {
    const { identity, onToken } = this.#options;
    const channel = new Channel(socket);
    const before = identity.current;
    try {
      const nonce = await shakeHands(channel, identity);
      const token = identity.current;
      if (token === undefined) return;
      this.#converse(channel, nonce);
      if (token !== before) onToken(token);
      this.#watchExpiry();
    } catch {
      // It has been told, and the channel is closed; the next connection may be better.
    }
  }

  /** Asks the link to go: by a signal, or because its user wants so. Sessions go on under their keepers. */
  leave(why: Departure): void {
    this.#leaving = true;
    this.#current?.tell({ $case: 'stopped', value: { ended: [] } });
    this.#depart(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#orphans[Symbol.dispose]();
    await this.#current?.channel.close();
  }

  #converse(channel: Channel, nonce: Buffer): void {
    const former = this.#current;
    const { identity, onToken } = this.#options;
    const conversation = new CommandLoop(
      channel,
      {
        identity,
        nonce,
        sessions: this.#sessions,
        isRetiring: () => this.#leaving,
        renewed: () => {
          this.#watchExpiry();
          if (identity.current !== undefined) onToken(identity.current);
        },
        leave: (leaving) => this.#obey(leaving),
        active: () => this.#frugal.active(),
      },
      () => {
        if (this.#current === conversation) this.#current = undefined;
      },
    );
    this.#current = conversation;
    void former?.channel.close();
  }

  async #obey({ retire, endSessions, graceMs }: Leaving): Promise<Ended[]> {
    this.#leaving = true;
    const ended = endSessions ? await this.#sessions.endAll(graceMs) : [];
    if (retire) await this.#lastOver();
    // After the answer, which is the last frame.
    setImmediate(() => this.#depart('stopped'));
    return ended;
  }

  /** Until the last session is over and has been read, if that does not take long. */
  async #lastOver(): Promise<void> {
    if (this.#sessions.running > 0)
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    const patience = performance.now() + LAST_READING_MS;
    while ((this.#current?.readers.size ?? 0) > 0 && performance.now() < patience) await sleep(SHORT_MS);
  }

  /** In steps, for the clock may be set meanwhile and a timer holds 24 days at most. */
  #watchExpiry(): void {
    clearTimeout(this.#timer);
    const expiresMs = (this.#options.identity.current?.claims.exp ?? 0) * 1000;
    const left = expiresMs - this.#options.now();
    if (left <= 0) this.leave('expired');
    else this.#timer = setTimeout(() => this.#watchExpiry(), Math.min(left, CHECK_MS));
  }
}
