/**
 * Frames over one authenticated connection to a link: matches answers with requests, gives each request a
 * deadline, and sends heartbeats to detect a link that hangs. Pending requests fail with LINK_LOST when
 * the connection ends. Any violation of the protocol ends the connection.
 */
import type { Socket } from 'node:net';
import { AppError } from '../../errors.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import type { Body, Case, ValueOf } from '../../link-protocol/protocol.ts';
import { bounded } from './bounded-frame.ts';
import type { SocketWithReader } from './dial.ts';
import type { FrameReader } from './frame-reader.ts';
import { refusalOf } from './link-error.ts';

/** Receives frames that answer no pending request. */
export type Listener = (body: Body, request: number) => void;

interface PendingRequest {
  readonly answer: Case;
  readonly resolve: (body: Body) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const HEARTBEAT_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;
/** A link that leaves this many bytes unread is disconnected. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

export class Channel {
  readonly #socket: Socket;
  readonly #incoming: FrameReader;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #ended = Promise.withResolvers<void>();
  #listener: Listener;
  #lastRequest = 0;
  #heartbeat: NodeJS.Timeout;
  #reason: AppError | undefined;

  constructor({ socket, incoming }: SocketWithReader, listener: Listener) {
    this.#socket = socket;
    this.#incoming = incoming;
    this.#listener = listener;
    this.#heartbeat = this.#nextHeartbeat();
    incoming.onFrame = (frame) => this.#receive(frame);
    incoming.onError = (error) => this.close(`protocol error: ${(error as Error).message}`);
    socket.on('error', () => {}); // 'close' follows
    socket.on('end', () => this.close('the link has closed the connection'));
    socket.on('close', () => this.close('the connection to the link has ended'));
    socket.resume();
  }

  /** Resolves when the connection has ended, for any reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#reason === undefined;
  }

  /** Replaces the listener. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Returns a new request number; answers to it go to the listener. */
  newRequest(): number {
    this.#lastRequest = (this.#lastRequest % 0xffff_ffff) + 1;
    return this.#lastRequest;
  }

  /**
   * Sends `body` and waits for its answer. The frame is queued when this returns. Throws a LinkRefusal when
   * the link answers Error, and LINK_LOST when the connection ends first or `deadlineMs` passes.
   */
  async ask<K extends Case>(body: Body, answer: K, deadlineMs: number): Promise<ValueOf<K>> {
    const request = this.newRequest();
    const encoded = encodeFrame({ request, body });
    const { promise, resolve, reject } = Promise.withResolvers<Body>();
    if (this.#reason) throw this.#reason;
    const timer = setTimeout(() => {
      this.#pending.delete(request);
      reject(new AppError('LINK_LOST', `the link did not answer within ${deadlineMs} ms`));
    }, deadlineMs);
    this.#pending.set(request, { answer, resolve, reject, timer });
    this.#write(encoded);
    return (await promise).value as ValueOf<K>;
  }

  /**
   * Sends `body`; answers to `request` go to the listener. Throws LINK_LOST when the connection has ended.
   */
  tell(body: Body, request = 0): void {
    if (this.#reason) throw this.#reason;
    this.#write(encodeFrame({ request, body }));
  }

  #write(encoded: Buffer): void {
    this.#socket.write(encoded);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close('the link does not read');
  }

  /** Returns the buffers of received output: give back each one after use, `trim` when none is in use. */
  get buffers(): Pick<FrameReader, 'giveBack' | 'trim'> {
    return this.#incoming;
  }

  /** Ends the connection; all pending requests fail with LINK_LOST and `why`. */
  close(why: string): void {
    if (this.#reason) return;
    this.#reason = new AppError('LINK_LOST', why);
    clearTimeout(this.#heartbeat);
    this.#socket.destroy();
    for (const waiting of this.#pending.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(this.#reason);
    }
    this.#pending.clear();
    this.#ended.resolve();
  }

  #receive(frame: Frame): void {
    if (!this.isOpen) return;
    this.#heartbeat.refresh();
    if (!frame.body) throw new AppError('INVALID_ARGUMENT', 'unknown kind of frame');
    const { request } = frame;
    const body = bounded(frame.body);
    const waiting = this.#pending.get(request);
    if (body.$case === 'ping') this.tell({ $case: 'done', value: {} }, request);
    else if (waiting) this.#answer(waiting, request, body);
    else this.#listener(body, request);
  }

  #answer(waiting: PendingRequest, request: number, body: Body): void {
    this.#pending.delete(request);
    clearTimeout(waiting.timer);
    if (body.$case === waiting.answer) waiting.resolve(body);
    else if (body.$case === 'error') waiting.reject(refusalOf(body.value));
    else {
      waiting.reject(new AppError('LINK_LOST', 'protocol error'));
      throw new AppError('INVALID_ARGUMENT', `${body.$case} does not answer this request`);
    }
  }

  #nextHeartbeat(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#heartbeat = this.#nextHeartbeat();
      this.ask({ $case: 'ping', value: {} }, 'done', PING_TIMEOUT_MS).catch(() =>
        this.close('the link does not respond'),
      );
    }, HEARTBEAT_MS).unref();
  }
}
