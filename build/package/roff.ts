/** Writes manual pages with the man(7) macros; escapes their text. */

export interface PageHead {
  readonly name: string;
  readonly section: number;
  readonly about: string;
  /** YYYY-MM-DD */
  readonly date: string;
  readonly version: string;
}

const BOOKS: Readonly<Record<number, string>> = {
  1: 'User Commands',
  5: 'File Formats',
  7: 'Miscellaneous Information',
  8: 'System Administration',
};

export class Page {
  readonly #lines: string[];

  constructor({ name, section, about, date, version }: PageHead) {
    const title = [name.toUpperCase(), `${section}`, date, `latchkey ${version}`, BOOKS[section] ?? ''];
    this.#lines = [`.TH ${title.map((part) => `"${escaped(part)}"`).join(' ')}`];
    this.heading('NAME').text(`${name} - ${about}`);
  }

  heading(title: string): this {
    return this.#add(`.SH "${escaped(title.toUpperCase())}"`);
  }

  subheading(title: string): this {
    return this.#add(`.SS "${escaped(title)}"`);
  }

  text(text: string): this {
    return this.#add(line(text));
  }

  paragraph(text: string): this {
    return this.#add('.PP', line(text));
  }

  /** Adds a term in bold with its meaning. */
  item(term: string, text: string): this {
    return this.#add('.TP', `.B ${escaped(term)}`, ...(text === '' ? ['\\&'] : [line(text)]));
  }

  /** Adds lines that are not filled. */
  verbatim(lines: readonly string[]): this {
    return this.#add('.PP', '.nf', ...lines.map(line), '.fi');
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #add(...lines: string[]): this {
    this.#lines.push(...lines);
    return this;
  }
}

/** Escapes text so that no part of it is a request or an escape (groff(7)). */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq');
}

function line(text: string): string {
  const safe = escaped(text);
  return safe.startsWith('.') ? `\\&${safe}` : safe;
}
