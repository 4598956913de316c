/** The size of this command's terminal, as a session's terminal takes it on. */
import { Condition } from '../../async/condition.ts';
import type { SizeSource } from '../../client/session-size.ts';
import type { TerminalSize } from '../../generated/latchkey/v1/session.ts';
import type { Io } from '../../terminal/io.ts';

const USUAL: TerminalSize = { columns: 80, rows: 24 };

/** Returns the size of the terminal of standard output; 80x24 without one, or when its size is unknown. */
export function sizeOf({ stdout: { columns, rows } }: Pick<Io, 'stdout'>): TerminalSize {
  return columns && rows ? { columns, rows } : USUAL;
}

export class LocalSize implements SizeSource, Disposable {
  readonly #io: Io;
  readonly #change = new Condition();
  #isAnother = false;

  constructor(io: Io) {
    this.#io = io;
    io.stdout.on('resize', this.#notify);
  }

  get current(): TerminalSize {
    const { columns, rows } = sizeOf(this.#io);
    return { columns, rows: this.#isAnother ? Math.max(1, rows - 1) : rows };
  }

  changed(): Promise<void> {
    return this.#change.wait();
  }

  /**
   * Claims a size of one row less until `taken` is called with it: a program draws its whole screen anew when
   * the size changes.
   */
  change(): void {
    this.#isAnother = true;
    this.#notify();
  }

  /** Called with a size that the session's terminal has now. */
  taken({ rows, columns }: TerminalSize): void {
    const { current } = this;
    if (rows !== current.rows || columns !== current.columns) return;
    this.#isAnother = false;
    this.#notify();
  }

  readonly #notify = (): void => this.#change.notify();

  [Symbol.dispose](): void {
    this.#io.stdout.off('resize', this.#notify);
  }
}
