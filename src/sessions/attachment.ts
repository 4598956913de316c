/** One client joined to a session: output from an offset on, and input as the program takes it. */
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';

export interface AttachmentParts {
  readonly output: AsyncGenerator<OutputPiece, OutputEnd>;
  /** The session's link now. Throws LINK_REQUIRED, LINK_LOST, SESSION_ENDED. */
  readonly link: () => Promise<LinkConnection>;
  /** To be called once the client has left. */
  readonly left: () => void;
  readonly signal: AbortSignal | undefined;
}

export class Attachment implements Disposable {
  /**
   * What the session prints, until it is over. While it is not taken the program waits rather than lose
   * any.
   */
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

  /** Resolves when `data` is on its way to the program. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST. */
  async input(data: Buffer): Promise<void> {
    await (await this.#parts.link()).input(this.#sessionId, data);
  }

  /** No more input comes, behind what was given. Throws INPUT_CLOSED, SESSION_ENDED, LINK_LOST. */
  async closeInput(): Promise<void> {
    await (await this.#parts.link()).closeInput(this.#sessionId);
  }

  /** The client has left; the session goes on. */
  [Symbol.dispose](): void {
    this.#parts.signal?.removeEventListener('abort', this.#parts.left);
    this.#parts.left();
  }
}
