/**
 * What a terminal shows at one moment: its lines, and which of them are which while the dashboard is in
 * it.
 */

/** Part of a line, or what a line matches. */
export type Pattern = string | RegExp;

/** What is to be shown, all of it at the same moment. */
export interface Wanted {
  /** In the first line: in the dashboard who is logged in where, and whether it is live. */
  readonly header?: Pattern;
  /** In the second line: in the dashboard the screens that there are. */
  readonly tabs?: Pattern;
  /** In the third line: in the dashboard what is looked at, "Tokens · 1 of 3", or what a dialog asks. */
  readonly title?: Pattern;
  /** In the line that the cursor is on. */
  readonly selected?: Pattern;
  /** In the last line but one: in the dashboard what is typed, or what there is to know. */
  readonly prompt?: Pattern;
  /** In the last line: in the dashboard the keys that do something here. */
  readonly footer?: Pattern;
  /** In some line; of several each in a line further down than the one before. */
  readonly line?: Pattern | readonly Pattern[];
  /** In lines that follow each other without another between them. */
  readonly lines?: readonly Pattern[];
  /** In no line. */
  readonly no?: Pattern;
}

const CURSOR = '▸';

export class View {
  readonly text: string;
  /** As many as the terminal has rows, without the blanks at their ends. */
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

  /** What of `wanted` is not shown, in words; empty when all of it is. */
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
