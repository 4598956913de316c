/**
 * One call as the pipeline needs it: messages asked for one at a time, writes that wait while the
 * client does not read, one status at the end, and a cut that ends all of it at once. It sits on
 * grpc-js's interceptor interface, because there a call is seen before its first message is read.
 */
import { constants } from 'node:http2';
import { Metadata, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js';
import { AppError } from '../../errors.ts';
import { queueWhilePaused } from './byte-queue.ts';
import { type CallInternals, internalsOf } from './grpc-js-internals.ts';
import { MessageDecoder, PREFIX_BYTES, type Reserve } from './message-decoder.ts';

/** How much may wait to be sent before writing waits as well, in bytes. */
const HIGH_WATER_BYTES = 256 * 1024;
/** How long a client may take to fetch a status that says it failed. */
const LINGER_MS = 5_000;
/** Made once: an error is dear, and nearly nobody ever sees this one. */
const OVER = new AppError('CANCELLED', 'the call is over');

/** Who waits for the next message, or for the end. */
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
  /** Whether somebody has a message that was read. */
  #isHeld = false;

  /**
   * `limitBytes` is how long a message may be. `onGone` is called when the client, its connection or its deadline
   * ends the call first, also when that has happened already; and when it sends what is too long.
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

  /** Takes messages of up to `bytes` from now on, compressed or not. */
  allowMessages(bytes: number, reserve: Reserve): void {
    this.#decoder.allow(bytes, reserve);
    this.#internals.maxReceiveMessageSize = bytes;
  }

  /** The next message; undefined after the last. One read at a time, when one is done with the message before. */
  read(): Promise<Buffer | undefined> {
    if (this.#isHeld) this.#decoder.letGo();
    this.#isHeld = false;
    if (this.#ended && this.#cut === undefined) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    this.#startRead({ promise, reject, take: resolve });
    return promise;
  }

  /** The one message of a call that has one, once the client has said that there is no other. */
  readOnly(): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    let only: Buffer | undefined;
    const take = (message: Buffer | undefined): void => {
      if (message !== undefined && only === undefined) {
        only = message;
        this.#startRead(reader);
      } else if (message === undefined && only !== undefined) resolve(only);
      else reject(notOne(message));
    };
    const reader = { promise, reject, take };
    this.#startRead(reader);
    return promise;
  }

  /** Sends a message. What it answers, if anything, resolves when there is room for another. */
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
   * Sends a message that ends with `tail`, which is not copied; resolves when that may be overwritten.
   * After a throw it may not.
   */
  async writeLong(head: Uint8Array, tail: Buffer): Promise<void> {
    if (this.#cut !== undefined) throw this.#cut.reason;
    const { stream } = this.#internals;
    const sent = Promise.withResolvers<void>();
    this.#longWriter = sent;
    this.#call.sendMetadata(new Metadata()); // which is done once
    stream.cork();
    stream.write(prefixed(head, tail.length));
    stream.write(tail, (error) => {
      if (!error) sent.resolve(); // else the call is cut
    });
    stream.uncork();
    await sent.promise;
  }

  /** Fails what waits and whatever is tried later with `reason`. Sends nothing. */
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
   * Sends the status, once, and lets go of the stream: when the status is out, also of a client that
   * goes on sending (RFC 9113, 8.1); and of one that does not even fetch a failure. The stream of a client
   * that has said all, and is told all, ends by itself; after `fetchMs` it is reset.
   */
  finish(status: StatusObject, fetchMs = LINGER_MS): void {
    if (this.#finished) return;
    this.#finished = true;
    this.cut(OVER);
    this.#decoder.stop();
    this.whenClosed(() => this.#decoder[Symbol.dispose]());
    const { stream } = this.#internals;
    const isAlone = !stream.headersSent; // then it goes out at once, else as trailers
    this.#call.sendStatus(status);
    if (stream.closed) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), fetchMs).unref();
    stream.once('close', () => clearTimeout(timer));
    if (this.#ended && status.code === 0) return;
    const sent = (): void => void setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
    if (isAlone) sent();
    else stream.once('wantTrailers', sent);
  }

  /** Calls `onClosed` once nothing of the call is kept here any more, what the client has yet to fetch included. */
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
    this.#call.startRead(); // which may deliver before it returns
  }

  #deliver(message: Buffer | undefined): void {
    if (message === undefined) this.#ended = true;
    else this.#isHeld = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.take(message);
  }
}

function notOne(message: Buffer | undefined): AppError {
  const why = message === undefined ? 'the request is missing' : 'this method takes one message';
  return new AppError('INVALID_ARGUMENT', why);
}

/** Behind the prefix of a message that has `more` bytes yet: not compressed, and its length (gRPC over HTTP/2). */
function prefixed(head: Uint8Array, more: number): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + head.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(head.length + more, 1);
  bytes.set(head, PREFIX_BYTES);
  return bytes;
}

/** Why a call ended that this side did not end. */
function goneError(call: ServerInterceptingCallInterface): AppError {
  if (Number(call.getDeadline()) <= Date.now()) {
    return new AppError('DEADLINE_EXCEEDED', 'the time that the client gave is over');
  }
  return new AppError('CANCELLED', 'the client gave up');
}
