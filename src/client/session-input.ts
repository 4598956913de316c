/** Input for a session, kept across connections until it has been sent. */

/** Bytes in one message, within the server's limit. */
const PIECE_BYTES = 64 * 1024;

export class SessionInput {
  readonly #source: AsyncIterator<Uint8Array>;
  #pending: Promise<IteratorResult<Uint8Array>> | undefined;
  #unsent: Uint8Array = new Uint8Array();
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * Sends the input piece by piece, then undefined for its end. Stops when `isDetached` returns
   * true; the next call sends the rest, including a piece that was being read.
   */
  async sendTo(
    send: (piece: Uint8Array | undefined) => Promise<void>,
    isDetached: () => boolean,
  ): Promise<void> {
    while (!isDetached()) {
      if (this.#unsent.length > 0) {
        const piece = this.#unsent.subarray(0, PIECE_BYTES);
        await send(piece);
        this.#unsent = this.#unsent.subarray(piece.length);
      } else if (this.#ended) return send(undefined);
      else await this.#more(isDetached);
    }
  }

  async #more(isDetached: () => boolean): Promise<void> {
    this.#pending ??= this.#source.next();
    const { done, value } = await this.#pending;
    if (isDetached()) return;
    this.#pending = undefined;
    if (done) this.#ended = true;
    else this.#unsent = value;
  }
}
