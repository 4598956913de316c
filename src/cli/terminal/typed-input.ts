/**
 * Keys that are typed on the terminal, unchanged. They are read whether or not they can be sent, so that
 * those for this command work during an outage, too.
 */
import { Condition } from '../../async/condition.ts';
import type { Input } from '../../terminal/io.ts';

/** Most bytes that wait to be sent, as of a text that is pasted; then the terminal has to wait. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class TypedInput implements Disposable, AsyncIterable<Uint8Array> {
  readonly #stdin: Input;
  readonly #isOwn: (typed: Uint8Array) => boolean;
  readonly #onGone: () => void;
  readonly #arrived = new Condition();
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;

  /**
   * Reads until disposed of. `isOwn` gets each piece, and returns true for one that is not for the program.
   * `onGone` is called when the terminal is gone.
   */
  constructor(stdin: Input, isOwn: (typed: Uint8Array) => boolean, onGone: () => void) {
    this.#stdin = stdin;
    this.#isOwn = isOwn;
    this.#onGone = onGone;
    stdin.on('data', this.#take).once('end', this.#end).once('error', this.#end).resume();
  }

  readonly #take = (typed: Uint8Array): void => {
    if (this.#isOwn(typed)) return;
    this.#waiting.push(typed);
    this.#bytes += typed.length;
    if (this.#bytes > MAX_WAITING_BYTES) this.#stdin.pause();
    this.#arrived.notify();
  };

  readonly #end = (): void => {
    this.#onGone();
    this[Symbol.dispose]();
  };

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (!this.#isOver) {
      const pieces = this.#waiting;
      this.#waiting = [];
      if (pieces.length === 0) await this.#arrived.wait();
      else {
        this.#bytes = 0;
        this.#stdin.resume();
        yield Buffer.concat(pieces);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#stdin.off('data', this.#take).off('end', this.#end).pause();
    this.#arrived.notify();
  }
}
