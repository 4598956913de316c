/** A text over as many lines as it needs, cut anywhere, so that it can be copied and put together again. */
import { displayWidth } from '../../src/terminal/display-width.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PLAIN = /^[\x20-\x7e]*$/;

/** Inert `text` in lines of at most `width` columns, the last of them with room for `rest` more. One at least. */
export function wrapped(text: string, width: number, rest = 0): string[] {
  const lines = PLAIN.test(text) ? chunks(text, width) : filled(text, width);
  if (lines.length > 0 && displayWidth(lines.at(-1) ?? '') + rest <= width) return lines;
  return [...lines, ''];
}

function chunks(text: string, width: number): string[] {
  return Array.from({ length: Math.ceil(text.length / width) }, (_, at) =>
    text.slice(at * width, (at + 1) * width),
  );
}

function filled(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const wide = displayWidth(segment);
    if (used + wide > width && line !== '') {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += segment;
    used += wide;
  }
  return line === '' ? lines : [...lines, line];
}
