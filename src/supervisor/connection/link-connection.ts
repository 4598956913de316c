/**
 * The daemon's commands to one link over one connection. Each session has its own credit in both
 * directions, so that one slow reader or program never blocks another, or a signal. A link is only
 * believed about sessions that this connection has named.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { Ended, SessionState, Start, Started, Stopped } from '../../generated/latchkey/link/v1/link.ts';
import { type Body, FROM_NOW_ON } from '../../link-protocol/protocol.ts';
import type { LinkInfo } from '../link-info.ts';
import type { Channel } from './channel.ts';
import { checkIsText } from './check-is-text.ts';
import { InputWindow } from './input-window.ts';
import { LinkRefusal, refusalOf, safeText } from './link-error.ts';
import { type OutputEnd, type OutputPiece, OutputReader, statusOf, windowFor } from './output-reader.ts';

const START_MS = 30_000;
const ANSWER_MS = 10_000;
/** Time beyond the grace period that a link may take to stop itself, or to end a session. */
const STOP_MARGIN_MS = 2_000;
const END_MARGIN_MS = 5_000;
const EXITED_MS = 1_000;

export type { SessionState } from '../../generated/latchkey/link/v1/link.ts';

/** Events that a link sends without a request. */
export interface LinkEvents {
  /** The link names the keeper of a session that the server has; `pid` is 0 when it names none. */
  named(sessionId: string, pid: number): void;
  /**
   * A session that this connection has named has ended. `named` resolves when its keeper has been named, or
   * will not be.
   */
  exited(sessionId: string, status: number | undefined, named: Promise<void>): void;
  /** The number of running sessions has changed. */
  counted(): void;
  warning(sessionId: string, text: string): void;
  /** The link has sent its last frame. */
  stopped(): void;
}

/** Moves the keeper of a held session to its cgroup. Rejects when that fails. */
export type Confine = (sessionId: string, keeper: number) => Promise<void>;

export interface ReadOptions {
  /** Offset of the first byte wanted; -1 for only new output. */
  readonly offset: number;
  readonly follow: boolean;
  /** True to make the program wait rather than lose output that has not been read. */
  readonly hold: boolean;
  readonly signal?: AbortSignal;
}

export interface LinkConnectionOptions {
  /** Set when sessions get cgroups of their own. */
  readonly confine: Confine | undefined;
  /** False for a link of an earlier version, to which everything is text. */
  readonly takesBytes: boolean;
}

export class LinkConnection {
  readonly #channel: Channel;
  readonly #info: () => LinkInfo;
  readonly #events: LinkEvents;
  readonly #options: LinkConnectionOptions;
  /** Running sessions with their keepers' pids, as reported by the link; 0 when unknown. */
  readonly #running = new Map<string, number>();
  /** Starts that are not answered yet; each resolves when the keeper has been named, or will not be. */
  readonly #starting = new Map<string, Promise<void>>();
  readonly #readers = new Map<number, { outputReader: OutputReader; request: number }>();
  readonly #inputs = new Map<string, { window: InputWindow; request: number }>();
  readonly #stopped = Promise.withResolvers<Stopped>();
  #lastReader = 0;

  constructor(channel: Channel, info: () => LinkInfo, events: LinkEvents, options: LinkConnectionOptions) {
    this.#channel = channel;
    this.#info = info;
    this.#events = events;
    this.#options = options;
    channel.listen((body, request) => this.#handle(body, request));
    void channel.ended.then(() => this.#end());
  }

  get info(): LinkInfo {
    return this.#info();
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  get ended(): Promise<void> {
    return this.#channel.ended;
  }

  /** Running sessions with their keepers' pids. */
  get running(): ReadonlyMap<string, number> {
    return this.#running;
  }

  /**
   * Starts a program; the frame is queued when this returns. Throws a LinkRefusal, or LINK_LOST when the
   * outcome is unknown.
   */
  async start(start: Omit<Start, 'hold'>): Promise<Started> {
    const { confine, takesBytes } = this.#options;
    if (!takesBytes) checkIsText(start);
    this.#running.set(start.sessionId, 0);
    const starting = confine ? this.#startHeld(confine, start) : this.#startNow(start);
    const named = starting.then(({ pid }) => this.#events.named(start.sessionId, pid));
    this.#starting.set(
      start.sessionId,
      named.catch(() => {}),
    );
    try {
      const started = await starting;
      if (this.#running.has(start.sessionId)) this.#running.set(start.sessionId, started.pid);
      this.#events.counted();
      return started;
    } catch (error) {
      if (error instanceof LinkRefusal) this.#running.delete(start.sessionId);
      // The next connection determines the outcome.
      else this.close('the link did not answer a start');
      throw error;
    } finally {
      this.#starting.delete(start.sessionId);
    }
  }

  #startNow(start: Omit<Start, 'hold'>): Promise<Started> {
    return this.#channel.ask({ $case: 'start', value: { ...start, hold: false } }, 'started', START_MS);
  }

  /** Starts the program held, and releases it once its keeper is in the cgroup. */
  async #startHeld(confine: Confine, start: Omit<Start, 'hold'>): Promise<Started> {
    const { sessionId } = start;
    const held = await this.#channel.ask(
      { $case: 'start', value: { ...start, hold: true } },
      'held',
      START_MS,
    );
    const release = (run: boolean): Body => ({ $case: 'release', value: { sessionId, run } });
    try {
      await confine(sessionId, held.pid);
    } catch (cause) {
      this.#tellIfOpen(release(false));
      throw new LinkRefusal('START_FAILED', 'cannot create a cgroup for the session', { cause });
    }
    return this.#channel.ask(release(true), 'started', START_MS);
  }

  /**
   * Yields a session's output in order; a piece is valid until the next one is requested. Throws
   * OUTPUT_DROPPED, NOT_FOUND, LINK_LOST, and CANCELLED when `signal` aborts.
   */
  async *read(sessionId: string, options: ReadOptions): AsyncGenerator<OutputPiece, OutputEnd> {
    const { follow, hold, signal } = options;
    const offset = options.offset < 0 ? FROM_NOW_ON : options.offset;
    const reader = ++this.#lastReader;
    const request = this.#channel.newRequest();
    const credit = windowFor(this.#readers.size);
    const outputReader = new OutputReader(credit);
    const cancel = (): void => outputReader.fail(new AppError('CANCELLED', 'the reader has stopped'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    this.#readers.set(reader, { outputReader, request });
    try {
      const read = { reader, sessionId, offset, follow, hold, credit };
      this.#channel.tell({ $case: 'read', value: read }, request);
      return yield* outputReader.pieces(
        (data) => this.#channel.buffers.giveBack(data),
        (bytes) => this.#tellIfOpen({ $case: 'credit', value: { reader, sessionId: '', bytes } }),
      );
    } finally {
      signal?.removeEventListener('abort', cancel);
      // Missing when the link has ended the reader.
      if (this.#readers.delete(reader)) this.#tellIfOpen({ $case: 'stopRead', value: { reader } });
      if (this.#readers.size === 0) this.#channel.buffers.trim();
    }
  }

  /**
   * Resolves when all of `data` has been sent to the link. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST, and
   * CANCELLED when `signal` aborts first.
   */
  async input(sessionId: string, data: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#inputOf(sessionId).write(data, signal);
  }

  /** Closes the input after everything written so far. Throws CANCELLED when `signal` aborts first. */
  async closeInput(sessionId: string, signal?: AbortSignal): Promise<void> {
    const close: Body = { $case: 'closeStdin', value: { sessionId } };
    await this.#inputOf(sessionId).inTurn(() => this.#channel.ask(close, 'done', ANSWER_MS), signal);
  }

  /** Sends signal number `signal`, 1 to 64, to a session. */
  async signal(sessionId: string, signal: number): Promise<void> {
    await this.#channel.ask({ $case: 'signal', value: { sessionId, signal } }, 'done', ANSWER_MS);
  }

  /**
   * Ends a session with all its processes: SIGTERM, then SIGKILL after `graceMs`. Returns what the link says;
   * `markEnded` believes it.
   */
  async end(sessionId: string, graceMs: number): Promise<Ended> {
    const end: Body = { $case: 'end', value: { sessionId, graceMilliseconds: graceMs } };
    return this.#channel.ask(end, 'ended', graceMs + END_MARGIN_MS);
  }

  /** Returns those of the sessions `sessionIds` that the link has; what it says of others is ignored. */
  async list(sessionIds: readonly string[]): Promise<SessionState[]> {
    const { sessions } = await this.#channel.ask({ $case: 'list', value: {} }, 'sessions', ANSWER_MS);
    return this.#updateRunning(sessionIds, sessions);
  }

  /** Makes the link take over sessions whose link is gone; returns those that it knows. */
  async adopt(sessionIds: string[]): Promise<SessionState[]> {
    const adopt: Body = { $case: 'adopt', value: { sessionIds } };
    const { sessions } = await this.#channel.ask(adopt, 'sessions', ANSWER_MS);
    return this.#updateRunning(sessionIds, sessions);
  }

  /** Deletes the stored data of ended sessions. */
  async forget(sessionIds: string[]): Promise<void> {
    await this.#channel.ask({ $case: 'forget', value: { sessionIds } }, 'done', ANSWER_MS);
  }

  async renew(token: string, proof: string): Promise<void> {
    await this.#channel.ask({ $case: 'renew', value: { token, proof } }, 'done', ANSWER_MS);
  }

  /** Makes the link start nothing new, and exit after its last session. */
  retire(): void {
    this.#tellIfOpen({ $case: 'stop', value: { retire: true, endSessions: false, graceMilliseconds: 0 } });
  }

  /**
   * Makes the link exit now. Resolves when it has said so or has closed the connection. Throws LINK_LOST
   * when it has done neither `graceMs` and two seconds later.
   */
  async stop({ endSessions, graceMs }: { endSessions: boolean; graceMs: number }): Promise<Ended[]> {
    const stop: Body = { $case: 'stop', value: { retire: false, endSessions, graceMilliseconds: graceMs } };
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), graceMs + STOP_MARGIN_MS);
    this.#tellIfOpen(stop);
    const closed = this.ended.then((): Stopped => ({ ended: [] }));
    const stopped = await Promise.race([this.#stopped.promise, closed, late]);
    clearTimeout(timer);
    if (!stopped) throw new AppError('LINK_LOST', 'the link did not stop in time');
    return stopped.ended;
  }

  close(why: string): void {
    this.#channel.close(why);
  }

  #inputOf(sessionId: string): InputWindow {
    const known = this.#inputs.get(sessionId);
    if (known) return known.window;
    if (!this.#running.has(sessionId)) throw new AppError('SESSION_ENDED', 'the session has ended');
    // All input of a session has the same request number, so that an error can be assigned to it.
    const request = this.#channel.newRequest();
    const window = new InputWindow((data) =>
      this.#channel.tell({ $case: 'stdin', value: { sessionId, data } }, request),
    );
    this.#inputs.set(sessionId, { window, request });
    return window;
  }

  /** Takes one state of each of the sessions `sessionIds`, of all that the link has sent. */
  #updateRunning(sessionIds: readonly string[], sent: readonly SessionState[]): SessionState[] {
    const asked = new Set(sessionIds);
    const known = sent.filter(({ sessionId }) => asked.has(sessionId));
    const states = [...new Map(known.map((state) => [state.sessionId, state])).values()];
    for (const { sessionId, pid, exited, elsewhere } of states) {
      if (exited || elsewhere) this.#running.delete(sessionId);
      else this.#running.set(sessionId, pid);
      if (pid > 0 && !exited && !elsewhere) this.#events.named(sessionId, pid);
    }
    this.#events.counted();
    return states;
  }

  #handle(body: Body, request: number): void {
    switch (body.$case) {
      case 'output':
        this.#readers.get(body.value.reader)?.outputReader.push(body.value);
        break;
      case 'readEnd':
        this.#readers.get(body.value.reader)?.outputReader.finish(body.value);
        this.#readers.delete(body.value.reader);
        break;
      case 'credit':
        this.#inputs.get(body.value.sessionId)?.window.add(body.value.bytes);
        break;
      case 'error':
        this.#failRequest(request, refusalOf(body.value));
        break;
      case 'exited':
        this.#exited(body.value.sessionId, statusOf(body.value.status).status);
        break;
      case 'warning':
        this.#events.warning(safeText(body.value.sessionId), safeText(body.value.text));
        break;
      case 'stopped':
        this.#stopped.resolve(body.value);
        this.#events.stopped();
        break;
      case 'done':
      case 'ended':
      case 'sessions':
        break; // a late answer to a request that timed out
      default:
        throw new AppError('INVALID_ARGUMENT', `a link must not send ${body.$case}`);
    }
  }

  #failRequest(request: number, refusal: LinkRefusal): void {
    for (const [reader, entry] of this.#readers) {
      if (entry.request !== request) continue;
      this.#readers.delete(reader);
      entry.outputReader.fail(refusal);
    }
    for (const entry of this.#inputs.values()) if (entry.request === request) entry.window.fail(refusal);
  }

  #exited(sessionId: string, status: number | undefined): void {
    this.#inputs.get(sessionId)?.window.fail(new AppError('SESSION_ENDED', 'the session has ended'));
    this.#inputs.delete(sessionId);
    if (!this.#running.delete(sessionId)) return;
    this.#events.exited(sessionId, status, this.#starting.get(sessionId) ?? Promise.resolve());
    this.#events.counted();
  }

  /**
   * Marks a session without processes as ended, whether or not its link reports its status within a second.
   */
  async markEnded(sessionId: string): Promise<void> {
    const deadline = performance.now() + EXITED_MS;
    while (this.#running.has(sessionId) && this.isOpen && performance.now() < deadline) await delay(10);
    if (this.isOpen) this.#exited(sessionId, undefined);
  }

  #tellIfOpen(body: Body): void {
    if (this.#channel.isOpen) this.#channel.tell(body);
  }

  #end(): void {
    const error = new AppError('LINK_LOST', 'the link has exited');
    for (const { outputReader } of this.#readers.values()) outputReader.fail(error);
    for (const { window } of this.#inputs.values()) window.fail(error);
    this.#readers.clear();
    this.#inputs.clear();
  }
}
