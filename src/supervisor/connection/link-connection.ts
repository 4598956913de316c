/**
 * What the daemon asks of one link over one connection. Every session has credit of its own in
 * both directions, so that one slow reader or program never holds back another, or a signal. What
 * a link says is believed about the sessions this connection has named and about nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { Ended, SessionState, Start, Started, Stopped } from '../../generated/latchkey/link/v1/link.ts';
import { type Body, FROM_NOW_ON } from '../../link-protocol/protocol.ts';
import type { LinkInfo } from '../link-info.ts';
import type { Channel } from './channel.ts';
import { InputWindow } from './input-window.ts';
import { LinkRefusal, refusalOf, safeText } from './link-error.ts';
import { type OutputEnd, type OutputPiece, OutputReader, statusOf, windowBeside } from './output-reader.ts';

const START_MS = 30_000;
const ANSWER_MS = 10_000;
/** How much longer than the grace a link may take to end itself, and a session. */
const STOP_MARGIN_MS = 2_000;
const END_MARGIN_MS = 5_000;
const EXITED_MS = 1_000;

export type { SessionState } from '../../generated/latchkey/link/v1/link.ts';

/** What a link says unasked. */
export interface LinkEvents {
  /** A session that this connection has named is over. */
  exited(sessionId: string, status: number | undefined): void;
  /** How many sessions run there has changed. */
  counted(): void;
  warning(sessionId: string, text: string): void;
  /** The link has said its last word. */
  stopped(): void;
}

/** Puts the keeper of a session, which waits, where it belongs. Rejects when that cannot be done. */
export type Confine = (sessionId: string, keeper: number) => Promise<void>;

export interface ReadOptions {
  /** The first byte wanted; -1 for only what comes from now on. */
  readonly offset: number;
  readonly follow: boolean;
  /** Let the program wait rather than drop what has not been read yet. */
  readonly hold: boolean;
  readonly signal?: AbortSignal;
}

export class LinkConnection {
  readonly #channel: Channel;
  readonly #info: () => LinkInfo;
  readonly #events: LinkEvents;
  readonly #confine: Confine | undefined;
  /** Sessions that run here, with their keepers' process ids (hearsay; 0 when unknown). */
  readonly #running = new Map<string, number>();
  readonly #readings = new Map<number, { reading: OutputReader; request: number }>();
  readonly #inputs = new Map<string, { window: InputWindow; request: number }>();
  readonly #stopped = Promise.withResolvers<Stopped>();
  #lastReader = 0;

  constructor(channel: Channel, info: () => LinkInfo, events: LinkEvents, confine?: Confine) {
    this.#channel = channel;
    this.#info = info;
    this.#events = events;
    this.#confine = confine;
    channel.listen((body, request) => this.#hear(body, request));
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

  /** The ids of the sessions that run here. */
  get running(): ReadonlyMap<string, number> {
    return this.#running;
  }

  /** Runs a program; its frame is on its way when this returns. Throws a LinkRefusal or LINK_LOST (outcome unknown). */
  async start(start: Omit<Start, 'hold'>): Promise<Started> {
    this.#running.set(start.sessionId, 0);
    try {
      const started = await (this.#confine ? this.#startIn(this.#confine, start) : this.#startNow(start));
      if (this.#running.has(start.sessionId)) this.#running.set(start.sessionId, started.pid);
      this.#events.counted();
      return started;
    } catch (error) {
      if (error instanceof LinkRefusal) this.#running.delete(start.sessionId);
      // What became of it is found out on the next connection.
      else this.close('the link does not answer a start');
      throw error;
    }
  }

  #startNow(start: Omit<Start, 'hold'>): Promise<Started> {
    return this.#channel.ask({ $case: 'start', value: { ...start, hold: false } }, 'started', START_MS);
  }

  /** Nothing of the program runs before its keeper is where it belongs. */
  async #startIn(confine: Confine, start: Omit<Start, 'hold'>): Promise<Started> {
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
      throw new LinkRefusal('START_FAILED', 'the session cannot be given a cgroup of its own', { cause });
    }
    return this.#channel.ask(release(true), 'started', START_MS);
  }

  /**
   * What a session has printed, in order; a piece is the caller's until it asks for the next. Throws OUTPUT_DROPPED, NOT_FOUND, LINK_LOST, and CANCELLED
   * when `signal` aborts.
   */
  async *read(sessionId: string, options: ReadOptions): AsyncGenerator<OutputPiece, OutputEnd> {
    const { follow, hold, signal } = options;
    const offset = options.offset < 0 ? FROM_NOW_ON : options.offset;
    const reader = ++this.#lastReader;
    const request = this.#channel.newRequest();
    const credit = windowBeside(this.#readings.size);
    const reading = new OutputReader(credit);
    const cancel = (): void => reading.fail(new AppError('CANCELLED', 'the reader has left'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    this.#readings.set(reader, { reading, request });
    try {
      const read = { reader, sessionId, offset, follow, hold, credit };
      this.#channel.tell({ $case: 'read', value: read }, request);
      return yield* reading.pieces(
        (data) => this.#channel.buffers.giveBack(data),
        (bytes) => this.#tellIfOpen({ $case: 'credit', value: { reader, sessionId: '', bytes } }),
      );
    } finally {
      signal?.removeEventListener('abort', cancel);
      // Absent when the link has ended it.
      if (this.#readings.delete(reader)) this.#tellIfOpen({ $case: 'stopRead', value: { reader } });
      if (this.#readings.size === 0) this.#channel.buffers.trim();
    }
  }

  /** Resolves when the link has been sent all of `data`. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST. */
  async input(sessionId: string, data: Buffer): Promise<void> {
    await this.#inputOf(sessionId).write(data);
  }

  /** Ends the input, behind what has been written. */
  async closeInput(sessionId: string): Promise<void> {
    const close: Body = { $case: 'closeStdin', value: { sessionId } };
    await this.#inputOf(sessionId).inTurn(() => this.#channel.ask(close, 'done', ANSWER_MS));
  }

  /** @param signal 1 to 64 */
  async signal(sessionId: string, signal: number): Promise<void> {
    await this.#channel.ask({ $case: 'signal', value: { sessionId, signal } }, 'done', ANSWER_MS);
  }

  /** Ends a session with all its processes; `graceMs` lie between SIGTERM and SIGKILL. */
  async end(sessionId: string, graceMs: number): Promise<Ended> {
    const end: Body = { $case: 'end', value: { sessionId, graceMilliseconds: graceMs } };
    const ended = await this.#channel.ask(end, 'ended', graceMs + END_MARGIN_MS);
    if (ended.survivors.length === 0) await this.over(sessionId);
    return ended;
  }

  /** The sessions that the link looks after. */
  async list(): Promise<SessionState[]> {
    return this.#learn(await this.#channel.ask({ $case: 'list', value: {} }, 'sessions', ANSWER_MS));
  }

  /** Makes the link look after sessions whose link is gone; answers with those it knows. */
  async adopt(sessionIds: string[]): Promise<SessionState[]> {
    const adopt: Body = { $case: 'adopt', value: { sessionIds } };
    return this.#learn(await this.#channel.ask(adopt, 'sessions', ANSWER_MS));
  }

  /** Deletes what is kept of ended sessions. */
  async forget(sessionIds: string[]): Promise<void> {
    await this.#channel.ask({ $case: 'forget', value: { sessionIds } }, 'done', ANSWER_MS);
  }

  async renew(token: string, proof: string): Promise<void> {
    await this.#channel.ask({ $case: 'renew', value: { token, proof } }, 'done', ANSWER_MS);
  }

  /** No new starts; the link leaves when nothing is left. */
  retire(): void {
    this.#tellIfOpen({ $case: 'stop', value: { retire: true, endSessions: false, graceMilliseconds: 0 } });
  }

  /**
   * The link ends now. Resolves when it has said so or has closed the connection; throws
   * LINK_LOST when it has done neither `graceMs` and a margin later.
   */
  async stop({ endSessions, graceMs }: { endSessions: boolean; graceMs: number }): Promise<Ended[]> {
    const stop: Body = { $case: 'stop', value: { retire: false, endSessions, graceMilliseconds: graceMs } };
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), graceMs + STOP_MARGIN_MS);
    this.#tellIfOpen(stop);
    const over = this.ended.then((): Stopped => ({ ended: [] }));
    const stopped = await Promise.race([this.#stopped.promise, over, late]);
    clearTimeout(timer);
    if (!stopped) throw new AppError('LINK_LOST', 'the link does not end');
    return stopped.ended;
  }

  close(why: string): void {
    this.#channel.close(why);
  }

  #inputOf(sessionId: string): InputWindow {
    const known = this.#inputs.get(sessionId);
    if (known) return known.window;
    if (!this.#running.has(sessionId)) throw new AppError('SESSION_ENDED', 'the session is over');
    // One number for all of a session's input, so that a refusal finds its way back.
    const request = this.#channel.newRequest();
    const window = new InputWindow((data) =>
      this.#channel.tell({ $case: 'stdin', value: { sessionId, data } }, request),
    );
    this.#inputs.set(sessionId, { window, request });
    return window;
  }

  #learn({ sessions }: { sessions: SessionState[] }): SessionState[] {
    for (const { sessionId, pid, exited } of sessions) {
      if (exited) this.#running.delete(sessionId);
      else this.#running.set(sessionId, pid);
    }
    this.#events.counted();
    return sessions;
  }

  #hear(body: Body, request: number): void {
    switch (body.$case) {
      case 'output':
        this.#readings.get(body.value.reader)?.reading.push(body.value);
        break;
      case 'readEnd':
        this.#readings.get(body.value.reader)?.reading.finish(body.value);
        this.#readings.delete(body.value.reader);
        break;
      case 'credit':
        this.#inputs.get(body.value.sessionId)?.window.add(body.value.bytes);
        break;
      case 'error':
        this.#refuse(request, refusalOf(body.value));
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
        break; // the answer to a question that was given up
      default:
        throw new AppError('INVALID_ARGUMENT', `${body.$case} is not for a link to say`);
    }
  }

  #refuse(request: number, refusal: LinkRefusal): void {
    for (const [reader, entry] of this.#readings) {
      if (entry.request !== request) continue;
      this.#readings.delete(reader);
      entry.reading.fail(refusal);
    }
    for (const entry of this.#inputs.values()) if (entry.request === request) entry.window.fail(refusal);
  }

  #exited(sessionId: string, status: number | undefined): void {
    this.#inputs.get(sessionId)?.window.fail(new AppError('SESSION_ENDED', 'the session is over'));
    this.#inputs.delete(sessionId);
    if (!this.#running.delete(sessionId)) return;
    this.#events.exited(sessionId, status);
    this.#events.counted();
  }

  /** For a session of which no process is left: it is over, whether or not its link gets to say how. */
  async over(sessionId: string): Promise<void> {
    const deadline = performance.now() + EXITED_MS;
    while (this.#running.has(sessionId) && this.isOpen && performance.now() < deadline) await delay(10);
    if (this.isOpen) this.#exited(sessionId, undefined);
  }

  #tellIfOpen(body: Body): void {
    if (this.#channel.isOpen) this.#channel.tell(body);
  }

  #end(): void {
    const error = new AppError('LINK_LOST', 'the link has gone away');
    for (const { reading } of this.#readings.values()) reading.fail(error);
    for (const { window } of this.#inputs.values()) window.fail(error);
    this.#readings.clear();
    this.#inputs.clear();
  }
}
