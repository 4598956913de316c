/**
 * The daemon's commands to one link over one connection. Each session has its own credit in both
 * directions, so that one slow reader or program never blocks another, or a signal. A link is only
 * believed about sessions that this connection has named.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type {
  Ended,
  IdleRule,
  SessionState,
  Start,
  Started,
  Stopped,
} from '../../generated/latchkey/link/v1/link.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import type { LinkInfo } from '../link-info.ts';
import type { Channel } from './channel.ts';
import { checkIsKnown } from './check-is-known.ts';
import type { InputWindow } from './input-window.ts';
import type { Confine, LinkConnectionOptions } from './link-connection-options.ts';
import { LinkRefusal, refusalOf, safeText } from './link-error.ts';
import type { LinkEvents } from './link-events.ts';
import { type OutputEnd, type OutputPiece, statusOf } from './output-reader.ts';
import { OutputReaders, type ReadOptions } from './output-readers.ts';
import { SessionInputs } from './session-inputs.ts';

const START_MS = 30_000;
const ANSWER_MS = 10_000;
/** Time beyond the grace period that a link may take to stop itself, or to end a session. */
const STOP_MARGIN_MS = 2_000;
const END_MARGIN_MS = 5_000;
const EXITED_MS = 1_000;

export type { SessionState } from '../../generated/latchkey/link/v1/link.ts';

export class LinkConnection {
  readonly #channel: Channel;
  readonly #info: () => LinkInfo;
  readonly #events: LinkEvents;
  readonly #options: LinkConnectionOptions;
  /** Running sessions with their keepers' pids, as reported by the link; 0 when unknown. */
  readonly #running = new Map<string, number>();
  /** Starts that are not answered yet; each resolves when the keeper has been named, or will not be. */
  readonly #starting = new Map<string, Promise<void>>();
  readonly #readers: OutputReaders;
  readonly #inputs: SessionInputs;
  readonly #stopped = Promise.withResolvers<Stopped>();

  constructor(channel: Channel, info: () => LinkInfo, events: LinkEvents, options: LinkConnectionOptions) {
    this.#channel = channel;
    this.#info = info;
    this.#events = events;
    this.#options = options;
    this.#readers = new OutputReaders(channel);
    this.#inputs = new SessionInputs(channel);
    channel.listen((body, request) => this.#handle(body, request));
    void channel.ended.then(() => this.#end());
  }

  get info(): LinkInfo {
    return this.#info();
  }

  /** False for a link of an earlier version, which must not take over a session with a terminal. */
  get hasTerminals(): boolean {
    return this.#options.knows.hasTerminals;
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
    const { confine, knows } = this.#options;
    checkIsKnown(start, knows);
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

  /** Yields a session's output in order: see output-readers.ts. */
  read(sessionId: string, options: ReadOptions): AsyncGenerator<OutputPiece, OutputEnd> {
    return this.#readers.read(sessionId, options);
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

  /** Sets the size of a session's terminal. */
  async resize(sessionId: string, size: TerminalSize): Promise<void> {
    await this.#channel.ask({ $case: 'resize', value: { sessionId, size } }, 'done', ANSWER_MS);
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

  /** Replaces the link's rules for idle sessions. */
  setIdleRules(rules: IdleRule[]): void {
    this.#tellIfOpen({ $case: 'idleRules', value: { rules } });
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
    if (known) return known;
    if (!this.#running.has(sessionId)) throw new AppError('SESSION_ENDED', 'the session has ended');
    return this.#inputs.open(sessionId);
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
        this.#readers.push(body.value);
        break;
      case 'marks':
        this.#readers.pushMarks(body.value);
        break;
      case 'readEnd':
        this.#readers.finish(body.value);
        break;
      case 'credit':
        this.#inputs.get(body.value.sessionId)?.add(body.value.bytes);
        break;
      case 'error':
        this.#failRequest(request, refusalOf(body.value));
        break;
      case 'exited':
        this.#exited(body.value.sessionId, statusOf(body.value.status).status);
        break;
      case 'idle':
        if (this.#running.has(body.value.sessionId)) this.#events.idle(body.value);
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
    this.#readers.fail(request, refusal);
    this.#inputs.fail(request, refusal);
  }

  #exited(sessionId: string, status: number | undefined): void {
    this.#inputs.end(sessionId, new AppError('SESSION_ENDED', 'the session has ended'));
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
    this.#readers.failAll(error);
    this.#inputs.failAll(error);
  }
}
