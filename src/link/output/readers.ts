/**
 * The readers of one connection. Each has its own credit and they take turns, so that a slow reader
 * blocks neither another reader nor a command. Together they use at most four buffers.
 */
import { AppError, invalidField } from '../../errors.ts';
import type { Frame, Read } from '../../generated/latchkey/link/v1/link.ts';
import { errorFrame } from '../../link-protocol/error-frame.ts';
import { OUTPUT_HEADER_ROOM, writeOutputHeader } from '../../link-protocol/output-frame.ts';
import { creditFor, FROM_NOW_ON, MAX_LAST_BYTES } from '../../link-protocol/protocol.ts';
import { MarksToSend } from './marks-to-send.ts';
import type { Position } from './output-log.ts';
import type { Listener, OutputSource } from './output-source.ts';

/** Output in one frame, in bytes, at most. */
const PIECE_BYTES = 256 * 1024;
const MAX_READERS = 1000;
const MAX_BUFFERS = 4;

/** Destination of the frames. */
export interface Outlet {
  /** Writes the bytes of a whole frame; `sent` is called once they may be overwritten. */
  write(frame: Buffer, sent: () => void): void;
  send(frame: Frame): void;
}

interface Reader extends Listener {
  readonly id: number;
  readonly request: number;
  readonly source: OutputSource;
  readonly position: Position;
  readonly follow: boolean;
  /** Set for a reader that is told times which are kept. */
  readonly marks: MarksToSend | undefined;
  credit: number;
}

export class Readers implements Disposable {
  readonly #outlet: Outlet;
  readonly #readers = new Map<number, Reader>();
  /** Readers that may have something to send, in turn. */
  readonly #ready = new Set<Reader>();
  #buffers: Buffer[] = [];
  #inUse = 0;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Adds a reader. Throws OUTPUT_DROPPED, INVALID_ARGUMENT, LIMIT_EXCEEDED, after leaving `source`. */
  add(read: Read, request: number, source: OutputSource): void {
    const position = { offset: 0, segment: 0 };
    const reader: Reader = {
      id: read.reader,
      request,
      source,
      position,
      follow: read.follow,
      marks: read.times ? MarksToSend.of(source.log) : undefined,
      hold: read.hold,
      credit: read.credit,
      get offset() {
        return position.offset;
      },
      wake: () => this.#wake(reader),
    };
    try {
      if (this.#readers.has(read.reader)) throw new AppError('INVALID_ARGUMENT', 'reader: already in use');
      if (this.#readers.size >= MAX_READERS) throw new AppError('LIMIT_EXCEEDED', 'too many readers');
      Object.assign(position, startOf(read, source));
    } catch (error) {
      source.leave(reader);
      throw error;
    }
    this.#readers.set(reader.id, reader);
    source.join(reader);
    this.#wake(reader);
  }

  credit(id: number, bytes: number): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) return; // it ended before the credit arrived
    reader.credit = Math.min(reader.credit + bytes, Number.MAX_SAFE_INTEGER);
    this.#wake(reader);
  }

  hold(id: number, hold: boolean): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) return; // it has ended
    reader.hold = hold;
    reader.source.holdChanged(reader);
  }

  stop(id: number): void {
    const reader = this.#readers.get(id);
    if (reader !== undefined) this.#remove(reader);
  }

  /** Frees the buffers that are not in use. */
  trim(): void {
    this.#buffers = [];
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers.values()) this.#remove(reader);
    this.trim();
  }

  #wake(reader: Reader): void {
    this.#ready.add(reader);
    this.#turn();
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader.id);
    this.#ready.delete(reader);
    reader.source.leave(reader);
  }

  /** Sends one piece for each ready reader in turn, while buffers are free. */
  #turn(): void {
    while (this.#inUse < MAX_BUFFERS) {
      const [reader] = this.#ready;
      if (reader === undefined) return;
      this.#ready.delete(reader);
      if (this.#piece(reader)) this.#ready.add(reader); // behind the others
    }
  }

  /** Sends the reader's next piece, or its end. Returns false when there is nothing to send now. */
  #piece(reader: Reader): boolean {
    const { source, position, credit, marks } = reader;
    const { offset } = position;
    if (offset < source.log.first) {
      this.#fail(reader, dropped(source));
      return false;
    }
    const length = Math.min(PIECE_BYTES, credit);
    if (length > 0 && this.#sendMarks(reader, length)) return true;
    if (length > 0 && offset < source.log.end) {
      this.#send(reader, Math.min(length, (marks?.until ?? Number.POSITIVE_INFINITY) - offset));
      if (reader.hold) source.advanced();
      return true;
    }
    const mayEnd = length > 0 || marks === undefined; // otherwise the last marks may be missing
    const isAtEnd = offset >= source.log.end && (!reader.follow || source.exited !== undefined);
    if (isAtEnd && mayEnd) this.#end(reader);
    return false;
  }

  /** Sends the marks of the reader's next piece. Returns false when there are none that it lacks. */
  #sendMarks(reader: Reader, length: number): boolean {
    const { id, source, position } = reader;
    const { offset } = position;
    const times = reader.marks?.take(offset, Math.min(source.log.end, offset + length));
    if (times === undefined) return false;
    reader.credit -= creditFor(0, times.marks.length);
    this.#outlet.send({ request: 0, body: { $case: 'marks', value: { reader: id, offset, ...times } } });
    return true;
  }

  #send(reader: Reader, length: number): void {
    const { position, source, id } = reader;
    const { offset } = position;
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_HEADER_ROOM + PIECE_BYTES);
    const { bytes, stream } = source.log.read(position, buffer, OUTPUT_HEADER_ROOM, length);
    reader.credit -= creditFor(bytes);
    const start = writeOutputHeader(buffer, OUTPUT_HEADER_ROOM, { reader: id, offset, stream, bytes });
    this.#inUse += 1;
    this.#outlet.write(buffer.subarray(start, OUTPUT_HEADER_ROOM + bytes), () => {
      this.#inUse -= 1;
      this.#buffers.push(buffer);
      this.#turn();
    });
  }

  #end({ id, source }: Reader): void {
    this.stop(id);
    this.#outlet.send({
      request: 0,
      body: { $case: 'readEnd', value: { reader: id, exited: source.exited } },
    });
  }

  #fail(reader: Reader, error: AppError): void {
    this.#remove(reader);
    const { details, ...frame } = errorFrame(error);
    this.#outlet.send({
      request: reader.request,
      body: { $case: 'error', value: { ...frame, details: { ...details, reader: `${reader.id}` } } },
    });
  }
}

function startOf({ offset }: Read, source: OutputSource): Position {
  const { log } = source;
  if (offset >= FROM_NOW_ON - MAX_LAST_BYTES) {
    const lastBytes = Math.max(0, FROM_NOW_ON - offset);
    return log.position(Math.max(log.first, log.end - lastBytes));
  }
  if (offset < log.first) throw dropped(source);
  if (offset > log.end) throw invalidField('offset', `only ${log.end} bytes have been printed`);
  return log.position(offset);
}

function dropped({ log }: OutputSource): AppError {
  const details = { first_offset: `${log.first}` };
  return new AppError('OUTPUT_DROPPED', `the output before byte ${log.first} has been dropped`, { details });
}
