/**
 * The messages and status of one call: reads on demand, writes that wait for a slow client, one status at the
 * end, and a cut, which ends it at once. Built on grpc-js's interceptor interface, which shows a call before
 * its first message is read.
 */
import { constants } from 'node:http2';
import { Metadata, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js';
import { AppError } from '../../errors.ts';
import { queueWhilePaused } from './byte-queue.ts';
import { type CallInternals, internalsOf } from './grpc-js-internals.ts';
import { MessageDecoder, PREFIX_BYTES, type Reserve } from './message-decoder.ts';

/** Bytes that may wait to be sent before `write` waits too. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Time in which a client must fetch the status of a failed call. */
const LINGER_MS = 5_000;
/** Created once: errors are expensive, and this one is rarely seen. */
const ENDED = new AppError('CANCELLED', 'the call has ended');

/** A pending read. */
interface Reader {
  readonly promise: Promise<unknown>;
  readonly reject: (reason: unknown) => void;
  readonly take: (message: Buffer | undefined) => void;
}

export class CallStream {
  readonly metadata: Metadata;
  readonly #call: ServerInterceptingCallInterface;
  readonly #internals: CallInternals;
  readonly #decoder: MessageDecoder;
  #reader: Reader | undefined;
  #writer: PromiseWithResolvers<void> | undefined;
  #longWriter: PromiseWithResolvers<void> | undefined;
  #waitingBytes = 0;
  #ended = false;
  #cut: { readonly reason: unknown } | undefined;
  #finished = false;
  /** True while the message read last is in use. */
  #isMessageInUse = false;

  /**
   * `limitBytes` is the longest message accepted. `onGone` is called when the client, its connection or its
   * deadline ends the call first, even before this constructor; and when a message is too long.
   */
  constructor(call: ServerInterceptingCallInterface, limitBytes: number, onGone: (reason: unknown) => void) {
    this.#call = call;
    this.#internals = internalsOf(call);
    this.#decoder = new MessageDecoder(limitBytes, onGone, this.#internals.incomingEncoding);
    queueWhilePaused(this.#internals.stream);
    this.#internals.decoder = this.#decoder;
    let received: Metadata | undefined;
    call.start({
      onReceiveMetadata: (metadata) => {
        received = metadata;
      },
      onReceiveMessage: (message: Buffer) => this.#deliver(message),
      onReceiveHalfClose: () => this.#deliver(undefined),
      onCancel: () => {
        if (!this.#finished) onGone(goneError(call));
      },
    });
    if (received === undefined) queueMicrotask(() => onGone(goneError(call)));
    this.metadata = received ?? new Metadata();
  }

  /** Accepts messages of up to `bytes` from now on, compressed or not, with memory from `reserve`. */
  allowMessages(bytes: number, reserve: Reserve): void {
    this.#decoder.allow(bytes, reserve);
    this.#internals.maxReceiveMessageSize = bytes;
  }

  /** Reads the next message; undefined after the last. One read at a time. Releases the message before. */
  read(): Promise<Buffer | undefined> {
    if (this.#isMessageInUse) this.#decoder.release();
    this.#isMessageInUse = false;
    if (this.#ended && this.#cut === undefined) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    this.#startRead({ promise, reject, take: resolve });
    return promise;
  }

  /**
   * Reads the message of a call that has exactly one. Throws INVALID_ARGUMENT when there is none or a second.
   */
  readSingle(): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    let only: Buffer | undefined;
    const take = (message: Buffer | undefined): void => {
      if (message !== undefined && only === undefined) {
        only = message;
        this.#startRead(reader);
      } else if (message === undefined && only !== undefined) resolve(only);
      else reject(notSingle(message));
    };
    const reader = { promise, reject, take };
    this.#startRead(reader);
    return promise;
  }

  /**
   * Sends a message. Returns a promise when too much waits to be sent; it resolves when there is room again.
   */
  write(message: Uint8Array): Promise<void> | undefined {
    if (this.#cut !== undefined) throw this.#cut.reason;
    this.#waitingBytes += message.byteLength;
    this.#call.sendMessage(message, () => {
      this.#waitingBytes -= message.byteLength;
      if (this.#waitingBytes <= HIGH_WATER_BYTES) this.#writer?.resolve();
    });
    if (this.#waitingBytes <= HIGH_WATER_BYTES) return undefined;
    this.#writer = Promise.withResolvers();
    return this.#writer.promise;
  }

  /**
   * Sends a message that ends with `tail`, which is not copied. `tail` may be overwritten when this resolves,
   * but not when it throws.
   */
  async writeLong(head: Uint8Array, tail: Buffer): Promise<void> {
    if (this.#cut !== undefined) throw this.#cut.reason;
    const { stream } = this.#internals;
    const sent = Promise.withResolvers<void>();
    this.#longWriter = sent;
    this.#call.sendMetadata(new Metadata()); // sent only once
    stream.cork();
    stream.write(prefixed(head, tail.length));
    stream.write(tail, (error) => {
      if (!error) sent.resolve(); // otherwise the call is cut
    });
    stream.uncork();
    await sent.promise;
  }

  /** Fails pending and later reads and writes with `reason`. Sends nothing. */
  cut(reason: unknown): void {
    this.#cut ??= { reason };
    this.#reader?.promise.catch(() => {});
    this.#reader?.reject(reason);
    for (const writer of [this.#writer, this.#longWriter]) {
      writer?.promise.catch(() => {});
      writer?.reject(reason);
    }
  }

  /**
   * Sends the status, once, and then closes the stream, also when the client keeps sending (RFC 9113, 8.1)
   * or does not fetch the status of a failure. The stream of a client that has sent everything and gets OK
   * closes by itself, and is reset after `fetchMs`.
   */
  finish(status: StatusObject, fetchMs = LINGER_MS): void {
    if (this.#finished) return;
    this.#finished = true;
    this.cut(ENDED);
    this.#decoder.stop();
    this.whenClosed(() => this.#decoder[Symbol.dispose]());
    const { stream } = this.#internals;
    const isAlone = !stream.headersSent; // sent at once, otherwise as trailers
    this.#call.sendStatus(status);
    if (stream.closed) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), fetchMs).unref();
    stream.once('close', () => clearTimeout(timer));
    if (this.#ended && status.code === 0) return;
    const sent = (): void => void setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
    if (isAlone) sent();
    else stream.once('wantTrailers', sent);
  }

  /**
   * Calls `onClosed` once the server keeps nothing of the call, including what the client has yet to fetch.
   */
  whenClosed(onClosed: () => void): void {
    const { stream } = this.#internals;
    if (stream.destroyed) onClosed();
    else stream.once('close', onClosed);
  }

  #startRead(reader: Reader): void {
    if (this.#cut !== undefined) {
      reader.reject(this.#cut.reason);
      return;
    }
    this.#reader = reader;
    this.#call.startRead(); // may deliver before it returns
  }

  #deliver(message: Buffer | undefined): void {
    if (message === undefined) this.#ended = true;
    else this.#isMessageInUse = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.take(message);
  }
}

function notSingle(message: Buffer | undefined): AppError {
  const why = message === undefined ? 'the request is missing' : 'this method takes one message';
  return new AppError('INVALID_ARGUMENT', why);
}

/** Returns the gRPC length prefix, uncompressed, and `head`; `more` bytes of the message follow. */
function prefixed(head: Uint8Array, more: number): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + head.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(head.length + more, 1);
  bytes.set(head, PREFIX_BYTES);
  return bytes;
}

/** The error of a call that the client or its deadline ended. */
function goneError(call: ServerInterceptingCallInterface): AppError {
  if (Number(call.getDeadline()) <= Date.now()) {
    return new AppError('DEADLINE_EXCEEDED', "the client's deadline has passed");
  }
  return new AppError('CANCELLED', 'the client cancelled the call');
}
