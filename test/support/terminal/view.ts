/** The text of a terminal at one moment: its lines, and their parts in the dashboard. */

/** Part of a line, or an expression that matches it. */
export type Pattern = string | RegExp;

/** Patterns of lines that must all be shown at the same moment. */
export interface Wanted {
  /** The first line; in the dashboard: who is logged in where, and whether it is live. */
  readonly header?: Pattern;
  /** The second line; in the dashboard: the names of the screens. */
  readonly tabs?: Pattern;
  /** The third line; in the dashboard: the title, such as "Tokens · 1 of 3", or the question of a dialog. */
  readonly title?: Pattern;
  /** The line of the cursor. */
  readonly selected?: Pattern;
  /** The last line but one; in the dashboard: what is typed, or a notice. */
  readonly prompt?: Pattern;
  /** The last line; in the dashboard: the keys that do something here. */
  readonly footer?: Pattern;
  /** Any lines, each further down than the one before. */
  readonly line?: Pattern | readonly Pattern[];
  /** Lines that follow each other directly. */
  readonly lines?: readonly Pattern[];
  /** Lines in any order. */
  readonly each?: readonly Pattern[];
  /** Matches no line. */
  readonly no?: Pattern;
}

const CURSOR = '▸';

export class View {
  readonly text: string;
  /** One line for each row of the terminal, without trailing blanks. */
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

  /** The line of the cursor, without the cursor. */
  get selected(): string {
    return (this.lines.find((line) => line.startsWith(CURSOR)) ?? '').replace(/^▸ ?/, '');
  }

  /** Returns the first line with `pattern` in it; empty without one. */
  line(pattern: Pattern): string {
    return this.lines.find((line) => matches(line, pattern)) ?? '';
  }

  /** Describes the parts of `wanted` that are not shown; empty when all are. */
  lacks({ line = [], lines = [], each = [], no, ...parts }: Wanted): string[] {
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
    for (const pattern of each) if (this.line(pattern) === '') wrong.push(`a line ${inWords(pattern)}`);
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
