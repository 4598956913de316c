/**
 * Frames over one verified connection to a link: questions matched with their answers, a deadline
 * on each, and a heartbeat, so that a link that hangs is found out. What is asked when the
 * connection ends fails with LINK_LOST. Whatever breaks the protocol ends the connection.
 */
import type { Socket } from 'node:net';
import { AppError } from '../../errors.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import type { Body, Case, ValueOf } from '../../link-protocol/protocol.ts';
import type { Line } from './dial.ts';
import type { FrameReader } from './frame-reader.ts';
import { refusalOf } from './link-error.ts';

/** A frame that answers no question. */
export type Listener = (body: Body, request: number) => void;

interface Question {
  readonly answer: Case;
  readonly resolve: (body: Body) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const QUIET_MS = 15_000;
const PONG_MS = 10_000;
/** A link that leaves this many bytes unread is lost. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

export class Channel {
  readonly #socket: Socket;
  readonly #incoming: FrameReader;
  readonly #questions = new Map<number, Question>();
  readonly #ended = Promise.withResolvers<void>();
  #listener: Listener;
  #lastRequest = 0;
  #heartbeat: NodeJS.Timeout;
  #reason: AppError | undefined;

  constructor({ socket, incoming }: Line, listener: Listener) {
    this.#socket = socket;
    this.#incoming = incoming;
    this.#listener = listener;
    this.#heartbeat = this.#nextHeartbeat();
    incoming.onFrame = (frame) => this.#take(frame);
    incoming.onBroken = (error) => this.close(`the link broke the protocol: ${(error as Error).message}`);
    socket.on('error', () => {}); // 'close' follows
    socket.on('end', () => this.close('the link has closed the connection'));
    socket.on('close', () => this.close('the connection to the link has ended'));
    socket.resume();
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#reason === undefined;
  }

  /** Gives frames that answer no question to another listener from now on. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** A number for a request whose answers the listener gets. */
  newRequest(): number {
    this.#lastRequest = (this.#lastRequest % 0xffff_ffff) + 1;
    return this.#lastRequest;
  }

  /**
   * Sends `body` and waits for its answer. Throws a LinkRefusal when the link answers Error, and
   * LINK_LOST when the connection ends first or `deadlineMs` passes. The frame is on its way when
   * this returns.
   */
  async ask<K extends Case>(body: Body, answer: K, deadlineMs: number): Promise<ValueOf<K>> {
    const request = this.newRequest();
    const encoded = encodeFrame({ request, body });
    const { promise, resolve, reject } = Promise.withResolvers<Body>();
    if (this.#reason) throw this.#reason;
    const timer = setTimeout(() => {
      this.#questions.delete(request);
      reject(new AppError('LINK_LOST', `the link has not answered within ${deadlineMs} ms`));
    }, deadlineMs);
    this.#questions.set(request, { answer, resolve, reject, timer });
    this.#write(encoded);
    return (await promise).value as ValueOf<K>;
  }

  /** Sends `body`; an answer goes to the listener. Throws LINK_LOST when the connection has ended. */
  tell(body: Body, request = 0): void {
    if (this.#reason) throw this.#reason;
    this.#write(encodeFrame({ request, body }));
  }

  #write(encoded: Buffer): void {
    this.#socket.write(encoded);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close('the link does not read');
  }

  /** The bytes of an output frame are not needed any more; `trim` when none are. */
  get buffers(): Pick<FrameReader, 'giveBack' | 'trim'> {
    return this.#incoming;
  }

  /** Ends the connection; everything asked fails with LINK_LOST and `why`. */
  close(why: string): void {
    if (this.#reason) return;
    this.#reason = new AppError('LINK_LOST', why);
    clearTimeout(this.#heartbeat);
    this.#socket.destroy();
    for (const question of this.#questions.values()) {
      clearTimeout(question.timer);
      question.reject(this.#reason);
    }
    this.#questions.clear();
    this.#ended.resolve();
  }

  #take({ request, body }: Frame): void {
    if (!this.isOpen) return;
    this.#heartbeat.refresh();
    if (!body) throw new AppError('INVALID_ARGUMENT', 'a frame that says nothing known');
    const question = this.#questions.get(request);
    if (body.$case === 'ping') this.tell({ $case: 'done', value: {} }, request);
    else if (question) this.#answer(question, request, body);
    else this.#listener(body, request);
  }

  #answer(question: Question, request: number, body: Body): void {
    this.#questions.delete(request);
    clearTimeout(question.timer);
    if (body.$case === question.answer) question.resolve(body);
    else if (body.$case === 'error') question.reject(refusalOf(body.value));
    else {
      question.reject(new AppError('LINK_LOST', 'the link broke the protocol'));
      throw new AppError('INVALID_ARGUMENT', `${body.$case} is no answer here`);
    }
  }

  #nextHeartbeat(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#heartbeat = this.#nextHeartbeat();
      this.ask({ $case: 'ping', value: {} }, 'done', PONG_MS).catch(() => this.close('the link hangs'));
    }, QUIET_MS).unref();
  }
}
