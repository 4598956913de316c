/** A client attached to a session: reads output from an offset on, and sends input at the program's pace. */
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';

export interface AttachmentParts {
  readonly output: AsyncGenerator<OutputPiece, OutputEnd>;
  /** Returns the session's current link. Throws LINK_REQUIRED, LINK_LOST, SESSION_ENDED. */
  readonly link: () => Promise<LinkConnection>;
  /** Called when the client has detached. */
  readonly left: () => void;
  readonly signal: AbortSignal | undefined;
}

export class Attachment implements Disposable {
  /** The session's output until it ends. While it is not read, the program waits, so that none is lost. */
  readonly output: AsyncGenerator<OutputPiece, OutputEnd>;
  readonly #sessionId: string;
  readonly #parts: AttachmentParts;

  constructor(sessionId: string, parts: AttachmentParts) {
    this.#sessionId = sessionId;
    this.#parts = parts;
    this.output = parts.output;
    parts.signal?.addEventListener('abort', parts.left, { once: true });
    if (parts.signal?.aborted) parts.left();
  }

  /**
   * Sends `data` to the program; resolves when its link has accepted it. Throws INPUT_CLOSED, SESSION_ENDED,
   * LINK_LOST.
   */
  async input(data: Buffer): Promise<void> {
    await (await this.#parts.link()).input(this.#sessionId, data);
  }

  /** Closes the input after what was sent. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST. */
  async closeInput(): Promise<void> {
    await (await this.#parts.link()).closeInput(this.#sessionId);
  }

  /** Detaches the client; the session goes on. */
  [Symbol.dispose](): void {
    this.#parts.signal?.removeEventListener('abort', this.#parts.left);
    this.#parts.left();
  }
}
