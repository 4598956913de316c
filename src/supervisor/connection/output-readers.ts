/** The readers of output over one connection to a link, each with a credit of its own. */
import { AppError, invalidField } from '../../errors.ts';
import type { Marks, Output, ReadEnd } from '../../generated/latchkey/link/v1/link.ts';
import { type Body, FROM_NOW_ON, MAX_LAST_BYTES } from '../../link-protocol/protocol.ts';
import type { Channel } from './channel.ts';
import { Hold } from './hold.ts';
import { type OutputEnd, type OutputPiece, OutputReader, windowFor } from './output-reader.ts';

export interface ReadOptions {
  /** Offset of the first byte wanted; -1 for only new output, -1 - n to begin n bytes before its end. */
  readonly offset: number;
  readonly follow: boolean;
  /** True to make the program wait rather than lose output that has not been read. */
  readonly hold: boolean | Hold;
  /** True to be told when the output was printed, if the link keeps times. */
  readonly times?: boolean;
  /** Bytes that the link may be ahead, if fewer than usual. */
  readonly window?: number | undefined;
  readonly signal?: AbortSignal;
}

/** Throws INVALID_ARGUMENT for an offset that no output can be read from. */
export function checkOffset(offset: number): void {
  if (!Number.isSafeInteger(offset) || offset < -1 - MAX_LAST_BYTES)
    throw invalidField('offset', 'must be 0 or more, -1 for new output only, or -1 - n for the last n bytes');
}

export class OutputReaders {
  readonly #channel: Channel;
  readonly #readers = new Map<number, { outputReader: OutputReader; request: number }>();
  #lastReader = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Yields a session's output in order; a piece is valid until the next one is requested. Throws
   * OUTPUT_DROPPED, NOT_FOUND, LINK_LOST, and CANCELLED when `signal` aborts.
   */
  async *read(sessionId: string, options: ReadOptions): AsyncGenerator<OutputPiece, OutputEnd> {
    const { follow, signal, times = false, window = Number.POSITIVE_INFINITY } = options;
    const hold = options.hold instanceof Hold ? options.hold : new Hold(options.hold);
    const offset = options.offset < 0 ? FROM_NOW_ON + options.offset + 1 : options.offset;
    const reader = ++this.#lastReader;
    const request = this.#channel.newRequest();
    const credit = Math.min(windowFor(this.#readers.size), window);
    const outputReader = new OutputReader(credit);
    const cancel = (): void => outputReader.fail(new AppError('CANCELLED', 'the reader has stopped'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    this.#readers.set(reader, { outputReader, request });
    const changeHold = (value: boolean): void =>
      this.#tellIfOpen({ $case: 'hold', value: { reader, hold: value } });
    using _following = hold.follow(changeHold);
    try {
      const read = { reader, sessionId, offset, follow, hold: hold.value, credit, times };
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

  /** Takes output that the link has sent. */
  push(output: Output): void {
    this.#readers.get(output.reader)?.outputReader.push(output);
  }

  /** Takes marks that the link has sent. */
  pushMarks(marks: Marks): void {
    this.#readers.get(marks.reader)?.outputReader.pushMarks(marks);
  }

  /** Takes the end of a reader's output. */
  finish(end: ReadEnd): void {
    this.#readers.get(end.reader)?.outputReader.finish(end);
    this.#readers.delete(end.reader);
  }

  /** Fails the reader that has begun with this request, if there is one. */
  fail(request: number, error: AppError): void {
    for (const [reader, entry] of this.#readers) {
      if (entry.request !== request) continue;
      this.#readers.delete(reader);
      entry.outputReader.fail(error);
    }
  }

  failAll(error: AppError): void {
    for (const { outputReader } of this.#readers.values()) outputReader.fail(error);
    this.#readers.clear();
  }

  #tellIfOpen(body: Body): void {
    if (this.#channel.isOpen) this.#channel.tell(body);
  }
}
