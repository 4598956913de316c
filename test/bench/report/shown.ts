/**
 * Emulates a terminal for the subset of ECMA-48 that the dashboard writes, with characters of one cell.
 * Throws for anything else rather than show something wrong.
 */
const ESCAPE = '\\u001b';
const CONTROL = `${ESCAPE}\\[(\\??)([\\d;]*)([A-Za-z])`;
const PART = new RegExp(`${CONTROL}|[\\r\\n]|[^\\u0000-\\u001f]+`, 'uy');
/** An escape sequence that is still incomplete. */
const UNFINISHED = new RegExp(`${ESCAPE}(?:\\[[?\\d;]*)?$`);

export class Shown {
  /** Number of frames drawn, each between the marks of a synchronized update. */
  frames = 0;
  /** False while a frame is incomplete. */
  isWhole = true;
  readonly #rows: number;
  #lines: string[];
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(rows: number) {
    this.#rows = rows;
    this.#lines = Array.from({ length: rows }, () => '');
  }

  get text(): string {
    return this.#lines.map((line) => line.trimEnd()).join('\n');
  }

  write(chunk: string): void {
    const text = this.#rest + chunk;
    this.#rest = UNFINISHED.exec(text)?.[0] ?? '';
    const whole = text.slice(0, text.length - this.#rest.length);
    PART.lastIndex = 0;
    while (PART.lastIndex < whole.length) {
      const at = PART.lastIndex;
      const [part, mode = '', count = '', letter] = PART.exec(whole) ?? [];
      if (part === undefined)
        throw new Error(`what does this mean: ${JSON.stringify(whole.slice(at, at + 20))}`);
      if (letter === undefined) this.#put(part);
      else if (mode === '') this.#control(letter, count);
      else if (count === '2026') this.#mark(letter === 'h');
    }
  }

  #mark(isBegin: boolean): void {
    this.isWhole = !isBegin;
    if (!isBegin) this.frames += 1;
  }

  #put(part: string): void {
    if (part === '\r') this.#column = 0;
    else if (part === '\n') this.#feed();
    else {
      const line = this.#line.padEnd(this.#column);
      this.#line = line.slice(0, this.#column) + part + line.slice(this.#column + part.length);
      this.#column += part.length;
    }
  }

  #feed(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#lines = [...this.#lines.slice(1), ''];
  }

  #control(letter: string, count: string): void {
    const times = Number(count || 1);
    switch (letter) {
      case 'A':
        this.#row = Math.max(0, this.#row - times);
        break;
      case 'E':
        this.#column = 0;
        this.#row = Math.min(this.#rows - 1, this.#row + times);
        break;
      case 'G':
        this.#column = times - 1;
        break;
      case 'H':
        [this.#row, this.#column] = [0, 0];
        break;
      case 'J':
        this.#line = this.#line.slice(0, this.#column);
        this.#lines.fill('', count === '2' ? 0 : this.#row + 1);
        break;
      case 'K':
        this.#line = count === '2' ? '' : this.#line.slice(0, this.#column);
        break;
      case 'm':
        break;
      default:
        throw new Error(`what does CSI ${count}${letter} mean`);
    }
  }

  get #line(): string {
    return this.#lines[this.#row] ?? '';
  }

  set #line(line: string) {
    this.#lines[this.#row] = line;
  }
}
