/** A help text as the program prints it, taken apart: usage, lists of terms, paragraphs. */

export type HelpPart =
  | { readonly kind: 'usage'; readonly lines: readonly string[] }
  | { readonly kind: 'list'; readonly title: string | undefined; readonly items: readonly HelpItem[] }
  | { readonly kind: 'paragraph'; readonly text: string }
  /** Lines that stay as they are. */
  | { readonly kind: 'example'; readonly lines: readonly string[] };

export interface HelpItem {
  readonly term: string;
  readonly text: string;
}

export function helpParts(help: string): HelpPart[] {
  return help
    .trim()
    .split(/\n{2,}/)
    .map(partOf);
}

function partOf(chunk: string): HelpPart {
  const lines = chunk.split('\n');
  const [first = '', ...rest] = lines;
  if (first.startsWith('Usage: '))
    return { kind: 'usage', lines: [first.slice('Usage: '.length), ...rest].map((line) => line.trim()) };
  if (/^\S.*:$/.test(first) && rest.every((line) => line.startsWith('  ')))
    return { kind: 'list', title: first.slice(0, -1), items: itemsOf(rest) };
  if (lines.every((line) => line.startsWith('  ')))
    return { kind: 'list', title: undefined, items: itemsOf(lines) };
  if (lines.some((line) => /^\s|\S {3}/.test(line))) return { kind: 'example', lines };
  return { kind: 'paragraph', text: lines.join(' ') };
}

/** A term is indented by two columns; its text follows behind two spaces or more, and on lines indented further. */
function itemsOf(lines: readonly string[]): HelpItem[] {
  const items: HelpItem[] = [];
  for (const line of lines) {
    const last = items.at(-1);
    if (last !== undefined && line.startsWith('   '))
      items.splice(-1, 1, { term: last.term, text: `${last.text} ${line.trim()}` });
    else {
      const [term = '', ...text] = line.trim().split(/ {2,}/);
      items.push({ term, text: text.join(' ') });
    }
  }
  return items;
}
