import { displayWidth, truncate } from './display-width.ts';

/** The lines of a text that is broken between words; a word that is too long is cut. */
export function brokenLine(text: string, width: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(/ (?=\S)/)) {
    const longer = line.trim() === '' ? indent + word : `${line} ${word}`;
    if (displayWidth(longer) > width && line.trim() !== '') {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].map((each) => truncate(each, width));
}
