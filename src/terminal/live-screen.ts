/**
 * Redraws lines in place on the terminal's alternate screen. Writes only when something has changed and never
 * clears first, so that nothing flickers; leaves the terminal as it was.
 */

import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './display-width.ts';

/** The terminal to draw on: standard output. */
export interface Surface {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * xterm's control sequences: alternate screen, cursor, wrapping at the right edge; and synchronized output
 * (mode 2026).
 */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const BEGIN = '\x1b[?2026h\x1b[H';
const END = '\x1b[?2026l';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\r\n\x1b[J';
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export class LiveScreen implements Disposable {
  readonly #surface: Surface;
  #shown: string | undefined;
  #isOn = false;

  constructor(surface: Surface) {
    this.#surface = surface;
    this.resume();
  }

  get columns(): number {
    return this.#surface.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return this.#surface.rows || DEFAULT_ROWS;
  }

  /** Draws `lines`, each at most as wide as the screen; those that do not fit are left out. */
  draw(lines: readonly string[]): void {
    const rest = lines.length < this.rows ? REST_OF_SCREEN : '';
    const frame =
      lines
        .slice(0, this.rows)
        .map((line) => this.#withRestErased(line))
        .join('\r\n') + rest;
    if (!this.#isOn || frame === this.#shown) return;
    this.#shown = frame;
    this.#surface.write(BEGIN + frame + END);
  }

  /**
   * After a line as wide as the screen, the cursor is still on its last character, which erasing would
   * remove.
   */
  #withRestErased(line: string): string {
    return displayWidth(stripVTControlCharacters(line)) < this.columns ? line + REST_OF_LINE : line;
  }

  /**
   * Makes the next `draw` write everything, even if unchanged: after a resize the screen's content is
   * unknown.
   */
  forget(): void {
    this.#shown = undefined;
  }

  /** Leaves the alternate screen until `resume`. */
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
