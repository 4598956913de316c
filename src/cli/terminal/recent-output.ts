/** The last output of a session with a terminal, from which its screen can be drawn again at any time. */
import type { TerminalSize } from '../../generated/latchkey/v1/session.ts';
import type { Drawn, Piece } from './emulated-screen.ts';

/**
 * Output that is kept, in bytes. A program that draws only what changes may not have drawn a part of its
 * screen within it.
 */
export const RECENT_BYTES = 4 * 1024 * 1024;

export class RecentOutput {
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #firstSize: TerminalSize;
  #size: TerminalSize;

  constructor(size: TerminalSize) {
    this.#firstSize = size;
    this.#size = size;
  }

  add(data: Uint8Array): void {
    this.#pieces.push(data);
    this.#bytes += data.length;
    while (this.#bytes - lengthOf(this.#pieces[0]) >= RECENT_BYTES) this.#dropFirst();
  }

  resize(size: TerminalSize): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return;
    this.#size = size;
    this.#pieces.push(size);
  }

  /** Forgets all output: what comes next does not follow from it. */
  clear(): void {
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.#firstSize = this.#size;
  }

  /** Draws the screen. Loads the terminal emulator. */
  async draw(): Promise<Drawn> {
    const { emulatedScreen } = await import('./emulated-screen.ts');
    return emulatedScreen(this.#firstSize, [...this.#pieces]);
  }

  #dropFirst(): void {
    const piece = this.#pieces.shift();
    if (piece === undefined) return;
    if (!(piece instanceof Uint8Array)) this.#firstSize = piece;
    this.#bytes -= lengthOf(piece);
  }
}

function lengthOf(piece: Piece | undefined): number {
  return piece instanceof Uint8Array ? piece.length : 0;
}
