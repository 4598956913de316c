/**
 * Frames over a pair of byte streams. Sends a sign of life every ten seconds. Everything that waits fails
 * when the other end has gone.
 */
import { AppError } from '../errors.ts';
import { Frame } from '../generated/latchkey/copy/v1/copy.ts';
import { frameOf, MessageDecoder } from '../link-protocol/message-decoder.ts';
import type { Body } from './protocol.ts';

/** The two streams of one end. */
export interface Streams {
  /** Resolves when there is room for more. */
  write(bytes: Buffer): Promise<void>;
  /** The bytes of the other end, until it ends. */
  readonly chunks: AsyncIterable<Buffer>;
}

const ALIVE_MS = 10_000;

export class Channel implements AsyncDisposable {
  readonly #streams: Streams;
  readonly #decoder = new MessageDecoder((body) => Frame.decode(body));
  readonly #alive: NodeJS.Timeout;
  readonly #received: AsyncGenerator<Body, never>;

  constructor(streams: Streams) {
    this.#streams = streams;
    this.#received = this.#receive();
    this.#alive = setInterval(() => void this.send({ $case: 'alive', value: {} }).catch(() => {}), ALIVE_MS);
    this.#alive.unref();
  }

  /** Resolves when there is room for another frame. Rejects when the stream is broken. */
  send(body: Body): Promise<void> {
    return this.#streams.write(frameOf(Frame.encode({ body }).finish()));
  }

  /**
   * Resolves with the next frame of the other end, signs of life excepted. Throws INVALID_ARGUMENT and
   * LIMIT_EXCEEDED for what is no frame, START_FAILED with what a host says that cannot go on, and
   * UNAVAILABLE when the stream ends: a copy says itself when it is complete.
   */
  async next(): Promise<Body> {
    const { done, value } = await this.#received.next();
    if (done) throw gone();
    return value;
  }

  /** Stops reading, and closes the stream that is read. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#alive);
    await this.#received.return(undefined as never);
  }

  /** Yields frames; leaves out those that only a later version has. */
  async *#receive(): AsyncGenerator<Body, never> {
    for await (const chunk of this.#streams.chunks)
      for (const { body } of this.#decoder.push(chunk))
        if (body?.$case === 'failed') throw new AppError('START_FAILED', body.value.text);
        else if (body !== undefined && body.$case !== 'alive') yield body;
    throw gone();
  }
}

function gone(): AppError {
  return new AppError('UNAVAILABLE', 'the other end has gone');
}
