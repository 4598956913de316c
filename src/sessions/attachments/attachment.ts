/**
 * A client attached to a session: it reads output from an offset on, and sends input as fast as it is read.
 */
import { invalidField } from '../../errors.ts';
import type { LinkConnection } from '../../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../../supervisor/connection/output-reader.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import type { TerminalClient } from './terminals.ts';

export interface AttachmentParts {
  /**
   * Reads until `signal` aborts; calls `requested` once the output has been requested from the session's
   * link.
   */
  readonly read: (requested: () => void, signal: AbortSignal) => AsyncGenerator<OutputPiece, OutputEnd>;
  /** Returns the session's current link. Throws LINK_REQUIRED, LINK_LOST, SESSION_ENDED. */
  readonly link: () => Promise<LinkConnection>;
  /** Set when the session has a terminal. */
  readonly terminal?: TerminalClient | undefined;
  /** True when the client only watches. */
  readonly watch?: boolean;
  /** Called when the client has detached. */
  readonly onDetached: () => void;
  readonly signal: AbortSignal | undefined;
}

export class Attachment implements Disposable {
  /**
   * The session's output until it ends. While it is not read, the program waits, so that none is lost, unless
   * the client only watches or another one writes to the terminal.
   */
  readonly output: AsyncGenerator<OutputPiece, OutputEnd>;
  readonly #sessionId: string;
  readonly #parts: AttachmentParts;
  readonly #detached = new AbortController();
  /** Aborts when the client has detached, or the caller's signal has aborted. */
  readonly #gone: AbortSignal;

  private constructor(sessionId: string, parts: AttachmentParts, requested: () => void) {
    const { signal, onDetached, read } = parts;
    this.#sessionId = sessionId;
    this.#parts = parts;
    signal?.addEventListener('abort', onDetached, { once: true });
    if (signal?.aborted) onDetached();
    const detached = this.#detached.signal;
    this.#gone = signal ? AbortSignal.any([signal, detached]) : detached;
    this.output = begun(read(requested, this.#gone), requested);
  }

  /** Resolves when the output has been requested from the link: no input reaches the program before that. */
  static async open(sessionId: string, parts: AttachmentParts): Promise<Attachment> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const attachment = new Attachment(sessionId, parts, resolve);
    await promise;
    return attachment;
  }

  /** Set when the session has a terminal. */
  get terminal(): TerminalClient | undefined {
    return this.#parts.terminal;
  }

  /**
   * Sends `data` to the program; resolves when its link has accepted it. Input of another client of a
   * terminal than its writer is dropped. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST, INVALID_ARGUMENT when
   * the client only watches, and CANCELLED when it detaches first: what has not been sent then is dropped.
   */
  async input(data: Buffer): Promise<void> {
    this.#refuseWatcher('input');
    if (this.terminal?.isWriter === false) return;
    await (await this.#parts.link()).input(this.#sessionId, data, this.#gone);
  }

  /** Closes the input after everything sent so far; a terminal's stays open. Throws the same as `input`. */
  async closeInput(): Promise<void> {
    this.#refuseWatcher('close_input');
    if (this.terminal !== undefined) return;
    await (await this.#parts.link()).closeInput(this.#sessionId, this.#gone);
  }

  /** Takes the size of the client's terminal. Throws INVALID_ARGUMENT, also if the session has none. */
  async resize(size: TerminalSize): Promise<void> {
    this.#refuseWatcher('resize');
    if (this.terminal === undefined) throw invalidField('resize', 'the session has no terminal');
    await this.terminal.resize(size);
  }

  #refuseWatcher(field: string): void {
    if (this.#parts.watch === true) throw invalidField(field, 'this attachment only watches');
  }

  /** Detaches the client; the session continues. */
  [Symbol.dispose](): void {
    this.#parts.signal?.removeEventListener('abort', this.#parts.onDetached);
    this.#parts.onDetached();
    this.#detached.abort();
  }
}

/**
 * Starts reading at once, and yields everything. Calls `answered` at the first piece, the end or an error.
 */
function begun<Piece, End>(
  reading: AsyncGenerator<Piece, End>,
  answered: () => void,
): AsyncGenerator<Piece, End> {
  const first = reading.next();
  first.then(answered, answered); // an error is thrown to the reader of the first piece
  return rest(first, reading);
}

async function* rest<Piece, End>(
  first: Promise<IteratorResult<Piece, End>>,
  reading: AsyncGenerator<Piece, End>,
): AsyncGenerator<Piece, End> {
  try {
    let { done, value } = await first;
    while (!done) {
      yield value as Piece;
      ({ done, value } = await reading.next());
    }
    return value as End;
  } finally {
    await reading.return({} as End);
  }
}
