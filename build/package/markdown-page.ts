/** Turns a page of the documentation into a manual page: headings, paragraphs, blocks and tables. */
import type { Page } from './roff.ts';

const FENCE = '```';
const HEADING = '## ';

/** Writes `markdown`, whose first line is its title, to `page`. */
export function writeMarkdown(page: Page, markdown: string): void {
  page.heading('Description');
  const [, ...blocks] = blocksOf(markdown);
  for (const block of blocks) writeBlock(page, block);
}

/** Splits at empty lines, except in fenced blocks. */
function blocksOf(markdown: string): string[][] {
  const blocks: string[][] = [[]];
  let isFenced = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith(FENCE)) isFenced = !isFenced;
    if (line === '' && !isFenced) blocks.push([]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.filter((lines) => lines.length > 0);
}

function writeBlock(page: Page, lines: readonly string[]): void {
  const [first = ''] = lines;
  if (first.startsWith(HEADING)) page.heading(plain(first.slice(HEADING.length)));
  else if (first.startsWith(FENCE)) page.verbatim(lines.slice(1, -1));
  else if (first.startsWith('|'))
    for (const row of lines.slice(2)) writeRow(page, cellsOf(first), cellsOf(row));
  else page.paragraph(plain(lines.join(' ')));
}

/** Columns of a table whose cells are clear without their headings, at most. */
const MAX_PLAIN_COLUMNS = 3;

/** Writes a row of a table: the first cell is the term, the others explain it. */
function writeRow(page: Page, headings: readonly string[], [term = '', ...others]: readonly string[]): void {
  const named = (cell: string, at: number): string =>
    headings.length > MAX_PLAIN_COLUMNS ? `${headings[at + 1]}: ${cell}` : cell;
  const texts = others.map((cell, at) => (cell === '' ? '' : named(cell, at)));
  page.item(term, texts.filter((text) => text !== '').join('; '));
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => plain(cell.trim()));
}

/** Removes the marks of code and links. */
function plain(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}
