/**
 * Lines drawn in place, again and again, on the terminal's other screen. Promises to draw only what is
 * different from before, without clearing first, so that nothing flickers, and to leave the terminal as
 * it was found.
 */

import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './display-width.ts';

/** What is drawn on: standard output as a terminal. */
export interface Surface {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * xterm's control sequences: other screen, cursor, wrapping at the right edge; and synchronized output
 * (mode 2026).
 */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const BEGIN = '\x1b[?2026h\x1b[H';
const END = '\x1b[?2026l';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\r\n\x1b[J';
const COLUMNS = 80;
const ROWS = 24;

export class LiveScreen implements Disposable {
  readonly #surface: Surface;
  #shown: string | undefined;
  #isOn = false;

  constructor(surface: Surface) {
    this.#surface = surface;
    this.resume();
  }

  get columns(): number {
    return this.#surface.columns || COLUMNS;
  }

  get rows(): number {
    return this.#surface.rows || ROWS;
  }

  /** Draws `lines`, of which none may be wider than the screen; those that do not fit are left out. */
  draw(lines: readonly string[]): void {
    const rest = lines.length < this.rows ? REST_OF_SCREEN : '';
    const frame =
      lines
        .slice(0, this.rows)
        .map((line) => this.#filled(line))
        .join('\r\n') + rest;
    if (!this.#isOn || frame === this.#shown) return;
    this.#shown = frame;
    this.#surface.write(BEGIN + frame + END);
  }

  /**
   * Behind a line as wide as the screen the cursor is still on its last character, which erasing would
   * take.
   */
  #filled(line: string): string {
    return displayWidth(stripVTControlCharacters(line)) < this.columns ? line + REST_OF_LINE : line;
  }

  /**
   * Draws everything at the next time, also what has not changed: after a resize nobody knows what is
   * shown.
   */
  forget(): void {
    this.#shown = undefined;
  }

  /** Gives the terminal back for a while. */
  suspend(): void {
    if (this.#isOn) this.#surface.write(LEAVE);
    this.#isOn = false;
  }

  resume(): void {
    if (!this.#isOn) this.#surface.write(ENTER);
    this.#isOn = true;
    this.forget();
  }

  [Symbol.dispose](): void {
    this.suspend();
  }
}
