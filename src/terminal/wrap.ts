import { displayWidth, piecesOf } from './display-width.ts';

/** Wraps a text between words; within a word only when it is wider than a line. Loses nothing. */
export function wrap(text: string, width: number): string[] {
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
  return [...lines, line].flatMap((each) => [...piecesOf(each, width)]);
}
