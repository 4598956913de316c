/**
 * Draws a screen from the output that led to it, in a terminal emulator: queries in the output get no answer,
 * as they would from a terminal. Loaded only when a screen is to be drawn.
 */
import serializing from '@xterm/addon-serialize';
import headless from '@xterm/headless';
import type { TerminalSize } from '../../generated/latchkey/v1/session.ts';
import { displayWidth } from '../../terminal/display-width.ts';
import type { Place } from './terminal-modes.ts';

/** Output, or a size that the terminal has from there on. */
export type Piece = Uint8Array | TerminalSize;

/** A drawn screen; texts are sequences for a terminal of the same size. */
export interface Drawn {
  /** Lines that have left the main screen at its top. The main screen follows them. */
  readonly withScrollback: string;
  /** The main screen, drawn from its first line. */
  readonly main: string;
  /** The alternate screen, drawn from its first line; undefined while it is not shown. */
  readonly alternate: string | undefined;
  /** The line of the cursor, drawn from the first column. */
  readonly line: string;
  readonly cursor: Place;
}

/** Lines that are kept from above the screen. */
const SCROLLBACK_LINES = 2000;
const ENTER_ALTERNATE = '\x1b[?1049h\x1b[H';
/** The largest terminal that is emulated. */
const MAX_COLUMNS = 1000;
const MAX_ROWS = 500;

/** Returns the screen of a terminal of size `first` after `pieces`. */
export async function emulatedScreen(first: TerminalSize, pieces: readonly Piece[]): Promise<Drawn> {
  const terminal = new headless.Terminal({
    cols: Math.min(first.columns, MAX_COLUMNS),
    rows: Math.min(first.rows, MAX_ROWS),
    scrollback: SCROLLBACK_LINES,
    allowProposedApi: true,
  });
  const serializer = new serializing.SerializeAddon();
  terminal.loadAddon(serializer);
  terminal.unicode.register(widths());
  terminal.unicode.activeVersion = WIDTHS;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) terminal.write(piece);
    else {
      await written(terminal);
      terminal.resize(Math.min(piece.columns, MAX_COLUMNS), Math.min(piece.rows, MAX_ROWS));
    }
  }
  await written(terminal);
  const whole = serializer.serialize({ excludeModes: true, scrollback: 0 });
  const [main = '', alternate] = whole.split(ENTER_ALTERNATE);
  const withScrollback = serializer.serialize({ excludeModes: true, excludeAltBuffer: true });
  const { cursorX, cursorY, baseY } = terminal.buffer.active;
  const row = baseY + cursorY;
  const line = serializer.serialize({
    range: { start: row, end: row },
    excludeModes: true,
    excludeAltBuffer: true,
  });
  terminal.dispose();
  return {
    withScrollback,
    main,
    alternate,
    line,
    cursor: { row: cursorY + 1, column: Math.min(cursorX + 1, terminal.cols) },
  };
}

function written(terminal: { write(data: string, done: () => void): void }): Promise<void> {
  return new Promise((resolve) => terminal.write('', resolve));
}

const WIDTHS = 'latchkey';

/** Widths of characters as in all output of this program; xterm.js itself knows those of Unicode 6 alone. */
function widths() {
  const known = new Map<number, 0 | 1 | 2>();
  const wcwidth = (codepoint: number): 0 | 1 | 2 => {
    if (codepoint < 0x300) return 1;
    const width = known.get(codepoint) ?? (displayWidth(String.fromCodePoint(codepoint)) as 0 | 1 | 2);
    known.set(codepoint, width);
    return width;
  };
  return {
    version: WIDTHS,
    wcwidth,
    /** Packs the width, and whether it joins what is before, as UnicodeService.createPropertyValue does. */
    charProperties: (codepoint: number, preceding: number): number => {
      const width = wcwidth(codepoint);
      const widthBefore = (preceding >> 1) & 3;
      const joins = width === 0 && preceding !== 0 && widthBefore !== 0;
      return (Math.max(width, joins ? widthBefore : 0) << 1) | (joins ? 1 : 0);
    },
  };
}
