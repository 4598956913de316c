/**
 * One call as the pipeline needs it: messages asked for one at a time, writes that wait while the
 * client does not read, one status at the end, and a cut that ends all of it at once. It sits on
 * grpc-js's interceptor interface, because there a call is seen before its first message is read.
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js';
import { AppError } from '../errors.ts';

/** How much may wait to be sent before writing waits as well, in bytes. */
const HIGH_WATER_BYTES = 256 * 1024;
/** How long a client may take to fetch a status that says it failed. */
const LINGER_MS = 5_000;

/**
 * What has no public name in grpc-js 1.14.7. The server's own limit for messages is that for callers
 * without a token; should these members ever move, everybody is held to it, and nobody to none.
 */
interface Internals {
  readonly stream?: ServerHttp2Stream;
  readonly decoder?: { maxReadMessageLength: number };
  maxReceiveMessageSize?: number;
}

export class Wire {
  readonly metadata: Metadata;
  readonly #call: ServerInterceptingCallInterface;
  readonly #internals: Internals;
  #reader: PromiseWithResolvers<Buffer | undefined> | undefined;
  #writer: PromiseWithResolvers<void> | undefined;
  #waitingBytes = 0;
  #ended = false;
  #cut: { readonly reason: unknown } | undefined;
  #finished = false;

  /**
   * `onGone` is called when the client, its connection or its deadline ends the call first; also when
   * that has happened already.
   */
  constructor(call: ServerInterceptingCallInterface, onGone: (error: AppError) => void) {
    this.#call = call;
    this.#internals = call as unknown as Internals;
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
  allowMessages(bytes: number): void {
    if (this.#internals.decoder?.maxReadMessageLength === undefined) return;
    this.#internals.decoder.maxReadMessageLength = bytes;
    this.#internals.maxReceiveMessageSize = bytes;
  }

  /** The next message; undefined after the last. One read at a time. */
  async read(): Promise<Buffer | undefined> {
    if (this.#cut !== undefined) throw this.#cut.reason;
    if (this.#ended) return undefined;
    const reader = Promise.withResolvers<Buffer | undefined>();
    this.#reader = reader;
    this.#call.startRead(); // which may deliver before it returns
    return reader.promise;
  }

  /** Sends a message; resolves when there is room for another. */
  async write(message: Uint8Array): Promise<void> {
    if (this.#cut !== undefined) throw this.#cut.reason;
    this.#waitingBytes += message.byteLength;
    this.#call.sendMessage(message, () => {
      this.#waitingBytes -= message.byteLength;
      if (this.#waitingBytes <= HIGH_WATER_BYTES) this.#writer?.resolve();
    });
    if (this.#waitingBytes <= HIGH_WATER_BYTES) return;
    this.#writer = Promise.withResolvers();
    await this.#writer.promise;
  }

  /** Fails what waits and whatever is tried later with `reason`. Sends nothing. */
  cut(reason: unknown): void {
    this.#cut ??= { reason };
    this.#reader?.promise.catch(() => {});
    this.#reader?.reject(reason);
    this.#writer?.promise.catch(() => {});
    this.#writer?.reject(reason);
  }

  /**
   * Sends the status, once, and lets go of the stream: when the status is out, also of a client that
   * goes on sending (RFC 9113, 8.1); and of one that does not even fetch a failure.
   */
  finish(status: StatusObject): void {
    if (this.#finished) return;
    this.#finished = true;
    this.cut(new AppError('CANCELLED', 'the call is over'));
    const { stream } = this.#internals;
    const isAlone = stream?.headersSent === false; // then it goes out at once, else as trailers
    this.#call.sendStatus(status);
    if (stream === undefined || stream.closed) return;
    const sent = (): void => void setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
    if (isAlone) sent();
    else stream.once('wantTrailers', sent);
    if (status.code === 0) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), LINGER_MS).unref();
    stream.once('close', () => clearTimeout(timer));
  }

  #deliver(message: Buffer | undefined): void {
    if (message === undefined) this.#ended = true;
    this.#reader?.resolve(message);
    this.#reader = undefined;
  }
}

/** Why a call ended that this side did not end. */
function goneError(call: ServerInterceptingCallInterface): AppError {
  if (Number(call.getDeadline()) <= Date.now()) {
    return new AppError('DEADLINE_EXCEEDED', 'the time that the client gave is over');
  }
  return new AppError('CANCELLED', 'the client gave up');
}
