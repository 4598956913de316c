/**
 * A link runs programs as its user for one daemon, and exits when its token expires or is revoked (F10,
 * F32). It obeys only the daemon, after authentication, and its programs survive its death. It never decides
 * who may start what.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ended } from '../generated/latchkey/link/v1/link.ts';
import type { Account } from './account/account.ts';
import { Channel } from './connection/channel.ts';
import { CommandLoop } from './connection/command-loop.ts';
import type { StopOptions } from './connection/commands.ts';
import { performHandshake } from './connection/handshake.ts';
import type { Identity, LinkToken } from './identity.ts';
import { IdleSessions } from './idle/idle-sessions.ts';
import { IdleMemory } from './processes/idle-memory.ts';
import { reapOrphans } from './processes/orphans.ts';
import type { InheritedSettings } from './session/inherited-settings.ts';
import { Sessions } from './session/sessions.ts';
import type { SessionsDir } from './session/sessions-dir.ts';

const CHECK_MS = 30_000;
const LAST_READ_MS = 5000;
const POLL_MS = 20;

/** Reason why a link exits. */
export type ExitReason = 'expired' | 'stopped' | 'retired' | 'signalled';

/** The dependencies of a link. */
export interface LinkDeps {
  readonly account: Account;
  readonly identity: Identity;
  readonly sessionsDir: SessionsDir;
  readonly settings: InheritedSettings;
  /** Returns true when Node started `pid`, and so reaps it. */
  readonly isOwnChild: (pid: number) => boolean;
  /** Called when a token is accepted: the first one, or a later one of the same id. */
  readonly onToken: (token: LinkToken) => void;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
}

export class Link implements AsyncDisposable {
  /** Resolves when the link is to exit; dispose of it then. */
  readonly exiting: Promise<ExitReason>;
  readonly #exit: (reason: ExitReason) => void;
  readonly #options: LinkDeps;
  readonly #idleMemory = new IdleMemory(() => this.#current?.readers.trim());
  readonly #sessions: Sessions;
  readonly #idle: IdleSessions;
  readonly #orphans: Disposable;
  #current: CommandLoop | undefined;
  #onIdle: (() => void) | undefined;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LinkDeps) {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    this.exiting = promise;
    this.#exit = resolve;
    this.#options = options;
    const { account, sessionsDir, settings } = options;
    this.#sessions = new Sessions(account, sessionsDir, settings, {
      exited: (exited) => this.#current?.notify({ $case: 'exited', value: exited }),
      warning: (sessionId, text) => this.#current?.notify({ $case: 'warning', value: { sessionId, text } }),
      idle: () => this.#onIdle?.(),
    });
    this.#idle = new IdleSessions({
      running: () => this.#sessions.runningSessions,
      report: (value) => this.#current?.notify({ $case: 'idle', value }),
    });
    this.#orphans = reapOrphans(options.isOwnChild);
  }

  /**
   * Serves a connection from the daemon's uid. Once it is authenticated, it replaces the previous
   * connection.
   */
  async accept(socket: Socket): Promise<void> {
    const { identity, onToken } = this.#options;
    const channel = new Channel(socket);
    const before = identity.current;
    try {
      const nonce = await performHandshake(channel, identity);
      const token = identity.current;
      if (token === undefined) return;
      this.#serve(channel, nonce);
      if (token !== before) onToken(token);
      this.#watchExpiry();
    } catch {
      // The peer has received the error and the channel is closed; the next connection may succeed.
    }
  }

  /**
   * Makes the link exit, because of a signal or the token's expiry. Its sessions continue under their
   * keepers.
   */
  exit(reason: ExitReason): void {
    this.#isStopping = true;
    this.#current?.notify({ $case: 'stopped', value: { ended: [] } });
    this.#exit(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#idle[Symbol.dispose]();
    this.#orphans[Symbol.dispose]();
    await this.#current?.channel.close();
  }

  #serve(channel: Channel, nonce: Buffer): void {
    const previous = this.#current;
    const { identity, onToken } = this.#options;
    const loop = new CommandLoop(
      channel,
      {
        identity,
        nonce,
        sessions: this.#sessions,
        idle: this.#idle,
        isRetiring: () => this.#isStopping,
        renewed: () => {
          this.#watchExpiry();
          if (identity.current !== undefined) onToken(identity.current);
        },
        stop: (options) => this.#stop(options),
        active: () => this.#idleMemory.active(),
      },
      () => {
        if (this.#current === loop) this.#current = undefined;
      },
    );
    this.#current = loop;
    void previous?.channel.close();
  }

  async #stop({ retire, endSessions, graceMs }: StopOptions): Promise<Ended[]> {
    this.#isStopping = true;
    const ended = endSessions ? await this.#sessions.endAll(graceMs) : [];
    if (retire) await this.#lastOutputRead();
    // Only after the answer, the last frame, has been sent.
    setImmediate(() => this.#exit(retire ? 'retired' : 'stopped'));
    return ended;
  }

  /**
   * Resolves when the last session has ended and its readers have received their output, or 5 seconds after
   * its end.
   */
  async #lastOutputRead(): Promise<void> {
    if (this.#sessions.running > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    const deadline = performance.now() + LAST_READ_MS;
    while ((this.#current?.readers.size ?? 0) > 0 && performance.now() < deadline) await sleep(POLL_MS);
  }

  /** Checks at least every 30 seconds: the clock may be set, and a timer cannot wait longer than 24 days. */
  #watchExpiry(): void {
    clearTimeout(this.#timer);
    const expiresMs = (this.#options.identity.current?.claims.exp ?? 0) * 1000;
    const left = expiresMs - this.#options.now();
    if (left <= 0) this.exit('expired');
    else this.#timer = setTimeout(() => this.#watchExpiry(), Math.min(left, CHECK_MS));
  }
}
