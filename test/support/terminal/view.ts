/** A terminal's text at one moment: its lines, and which of them are which in the dashboard. */

/** Part of a line, or an expression that a line matches. */
export type Pattern = string | RegExp;

/** Patterns of lines that are all to be shown at the same moment. */
export interface Wanted {
  /** The first line; the dashboard's says who is logged in where, and whether it is live. */
  readonly header?: Pattern;
  /** The second line; the dashboard's names the screens that there are. */
  readonly tabs?: Pattern;
  /** The third line; the dashboard's says what is looked at, "Tokens · 1 of 3", or what a dialog asks. */
  readonly title?: Pattern;
  /** The line that the cursor is on. */
  readonly selected?: Pattern;
  /** The last line but one; the dashboard's shows what is typed, or what there is to know. */
  readonly prompt?: Pattern;
  /** The last line; the dashboard's names the keys that do something here. */
  readonly footer?: Pattern;
  /** Some line; the second of several patterns is looked for further down than the first, and so on. */
  readonly line?: Pattern | readonly Pattern[];
  /** Lines that follow each other without another between them. */
  readonly lines?: readonly Pattern[];
  /** No line matches it. */
  readonly no?: Pattern;
}

const CURSOR = '▸';

export class View {
  readonly text: string;
  /** One line for each row of the terminal, without the blanks at its end. */
  readonly lines: readonly string[];

  constructor(text: string) {
    this.text = text;
    this.lines = text.replace(/\n$/, '').split('\n');
  }

  get header(): string {
    return this.lines[0] ?? '';
  }

  get tabs(): string {
    return this.lines[1] ?? '';
  }

  get title(): string {
    return this.lines[2] ?? '';
  }

  get prompt(): string {
    return this.lines.at(-2) ?? '';
  }

  get footer(): string {
    return this.lines.at(-1) ?? '';
  }

  /** The line that the cursor is on, without the cursor. */
  get selected(): string {
    return (this.lines.find((line) => line.startsWith(CURSOR)) ?? '').replace(/^▸ ?/, '');
  }

  /** The first line with `pattern` in it; empty without one. */
  line(pattern: Pattern): string {
    return this.lines.find((line) => matches(line, pattern)) ?? '';
  }

  /** Says in words which parts of `wanted` are not shown; empty when all of it is. */
  lacks({ line = [], lines = [], no, ...parts }: Wanted): string[] {
    const wrong: string[] = [];
    for (const name of ['header', 'tabs', 'title', 'selected', 'prompt', 'footer'] as const) {
      const pattern = parts[name];
      if (pattern !== undefined && !matches(this[name], pattern))
        wrong.push(`${name} ${inWords(pattern)}, where there is ${JSON.stringify(this[name])}`);
    }
    const below = Array.isArray(line) ? line : [line as Pattern];
    if (!this.#hasBelowEachOther(below))
      wrong.push(`a line ${below.map(inWords).join(', then one further down ')}`);
    if (!this.#hasInARow(lines)) wrong.push(`in a row the lines ${lines.map(inWords).join(', ')}`);
    if (no !== undefined && this.line(no) !== '') wrong.push(`no line ${inWords(no)}`);
    return wrong;
  }

  #hasBelowEachOther(patterns: readonly Pattern[]): boolean {
    let from = 0;
    for (const pattern of patterns) {
      const at = this.lines.slice(from).findIndex((line) => matches(line, pattern));
      if (at === -1) return false;
      from += at + 1;
    }
    return true;
  }

  #hasInARow(patterns: readonly Pattern[]): boolean {
    return this.lines.some((_, from) => {
      const found = this.lines.slice(from, from + patterns.length);
      return (
        found.length === patterns.length && patterns.every((pattern, at) => matches(found[at] ?? '', pattern))
      );
    });
  }
}

function matches(line: string, pattern: Pattern): boolean {
  return typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line);
}

function inWords(pattern: Pattern): string {
  return typeof pattern === 'string' ? `with ${JSON.stringify(pattern)}` : `like ${pattern}`;
}
