/**
 * The terminal of this command while it shows a session's: raw, with the session's screen and modes. It is
 * left as it was, however this command ends or is suspended. Notices are shown so that they spoil nothing:
 * over the last line of the screen, which is then drawn anew, or as a line of their own between lines of
 * text.
 */
import type { TerminalSize } from '../../generated/latchkey/v1/session.ts';
import { setRawOutput } from '../../native/raw-output.ts';
import { truncate } from '../../terminal/display-width.ts';
import type { Io } from '../../terminal/io.ts';
import { writeRaw } from '../output/write-raw.ts';
import type { Drawn } from './emulated-screen.ts';
import type { RecentOutput } from './recent-output.ts';
import { PLAIN, TerminalModes } from './terminal-modes.ts';

const ENTER_ALTERNATE = '\x1b[?1049h\x1b[2J\x1b[H';
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';
const SAVE_TITLE = '\x1b[22;2t';
const RESTORE_TITLE = '\x1b[23;2t';
const STDIN = 0;

export class AttachedTerminal implements Disposable {
  readonly #io: Io;
  readonly #output: RecentOutput;
  readonly #modes = new TerminalModes();
  readonly #isScreen: boolean;
  readonly #isKeyboard: boolean;
  /** False for a terminal that would show a sequence as text. */
  readonly #hasTitle: boolean;
  /** The work on the screen, in order. */
  #work: Promise<unknown> = Promise.resolve();
  #isOn = false;
  /** True when the screen has the same lines as the session's, at the same places. */
  #isAligned = false;

  constructor(io: Io, output: RecentOutput) {
    this.#io = io;
    this.#output = output;
    this.#isScreen = io.stdout.isTTY === true;
    this.#isKeyboard = io.stdin.isTTY === true;
    this.#hasTitle = io.env.TERM !== undefined && io.env.TERM !== 'dumb';
    this.#enter();
    process.on('SIGTSTP', this.#suspend).on('SIGCONT', this.#continue).on('exit', this.#leave);
  }

  /** Shows output of the session; resolves when there is room for more. */
  async write(data: Uint8Array): Promise<void> {
    return this.#next(async () => {
      this.takeEarlier(data);
      if (this.#isOn) await writeRaw(this.#io.stdout, data);
    });
  }

  /** Takes output that has been printed before, for `draw`. */
  takeEarlier(data: Uint8Array): void {
    this.#output.add(data);
    this.#modes.take(data);
  }

  /** Notes that the session's terminal has another size. */
  resized(size: TerminalSize): void {
    void this.#next(async () => {
      this.#output.resize(size);
      this.#modes.resized();
    });
  }

  /** Draws the session's screen, and the lines above it, below everything that the terminal has shown. */
  async draw(): Promise<void> {
    return this.#next(() => this.#drawAnew(true));
  }

  /**
   * Shows a notice until `until`, which is called then, resolves, and nothing of the session's output
   * meanwhile; or as a line that stays, where that spoils nothing. Resolves with true for such a line.
   */
  async notice(text: string, until: () => Promise<unknown>): Promise<boolean> {
    return this.#next(async () => {
      if (!this.#isScreen || !this.#isOn) return false;
      const stays = !this.#isAligned && !this.#modes.isDrawn;
      if (stays) await this.#line(text);
      else {
        this.#overlay(text);
        await until();
        await this.#redraw();
      }
      return stays;
    });
  }

  /** Forgets the output so far: what comes next does not follow from it. */
  forget(): void {
    this.#output.clear();
  }

  /** Restores the terminal. */
  [Symbol.dispose](): void {
    process.off('SIGTSTP', this.#suspend).off('SIGCONT', this.#continue).off('exit', this.#leave);
    this.#leave();
  }

  /** Does `work` after all earlier work. */
  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  #enter(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#isKeyboard) {
      this.#io.stdin.setRawMode?.(true);
      setRawOutput(STDIN);
    }
    if (this.#hasTitle) this.#put(SAVE_TITLE);
  }

  readonly #leave = (): void => {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#isAligned = false;
    const titles = this.#hasTitle ? 1 + this.#modes.savedTitles : 0;
    this.#put(this.#modes.undo + RESTORE_TITLE.repeat(titles));
    if (this.#isKeyboard) this.#io.stdin.setRawMode?.(false);
  };

  readonly #suspend = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  readonly #continue = (): void => {
    this.#leave(); // after a SIGSTOP
    this.#enter();
    void this.#next(() => this.#drawAnew(false));
  };

  async #drawAnew(withScrollback: boolean): Promise<void> {
    const drawn = await this.#output.draw();
    const { rows = 24 } = this.#io.stdout;
    const blank = `\x1b[${rows};1H${'\n'.repeat(rows)}`;
    const alternate = drawn.alternate === undefined ? '' : `\x1b[m${ENTER_ALTERNATE}${drawn.alternate}`;
    const main = withScrollback ? drawn.withScrollback : drawn.main;
    this.#frame(blank + PLAIN + main + alternate, drawn, this.#modes.others);
    this.#isAligned = true;
  }

  /** Draws the screen where it is. */
  async #redraw(): Promise<void> {
    const drawn = await this.#output.draw();
    this.#frame(`${PLAIN}\x1b[J${drawn.alternate ?? drawn.main}`, drawn);
  }

  #frame(content: string, { cursor }: Drawn, others = ''): void {
    if (this.#isOn) this.#put(BEGIN_FRAME + content + this.#modes.screen(cursor) + others + END_FRAME);
  }

  #overlay(text: string): void {
    const { columns = 80, rows = 24 } = this.#io.stdout;
    const line = truncate(` ${text} `, columns);
    this.#put(`${PLAIN}\x1b[${rows};1H\x1b[7m${line}\x1b[m\x1b[K`);
  }

  /** Writes a line of its own, and the line of the cursor once more below it. */
  async #line(text: string): Promise<void> {
    const { line, cursor } = await this.#output.draw();
    const begin = cursor.column === 1 ? '' : '\r\n';
    const end = cursor.column === 1 ? '' : `${line}\r\x1b[${cursor.column - 1}C`;
    if (this.#isOn) this.#put(`${begin}${text}\r\n${end}`);
  }

  #put(text: string): void {
    if (this.#isScreen) this.#io.stdout.write(text);
  }
}
