/**
 * Measures and cuts texts by the columns that they take on a terminal: one for a character, two for a
 * wide one (UAX 11), none for one that combines with the character before or is joined to an emoji.
 * Expects inert text.
 */
import { eastAsianWidth } from 'get-east-asian-width';

const COMBINING = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff\u200c\u200d]/u;
const JOINER = '\u200d';
const PLAIN = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | undefined;

/**
 * Splits `text` into grapheme clusters. The first segmenter of a process
 * takes a tenth of the time of a short command, so it is created on demand.
 */
export function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Returns the number of columns that `text` takes. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  let before = '';
  for (const char of text) {
    if (before !== JOINER) width += charWidth(char);
    before = char;
  }
  return width;
}

function charWidth(char: string): number {
  if (COMBINING.test(char)) return 0;
  return eastAsianWidth(char.codePointAt(0) ?? 0);
}

/** Cuts `text` to at most `width` columns; the cut is marked by one "…". */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return width > 0 ? `${piecesOf(text, width - 1).next().value ?? ''}…` : '';
}

/** Splits `text` into pieces of at most `width` columns, each as long as possible. Loses nothing. */
export function* piecesOf(text: string, width: number): Generator<string> {
  if (width > 0 && PLAIN.test(text)) {
    for (let at = 0; at < text.length; at += width) yield text.slice(at, at + width);
    return;
  }
  let piece = '';
  let used = 0;
  for (const { segment } of graphemesOf(text)) {
    const next = displayWidth(segment);
    if (used + next > width && used + next > 0) {
      yield piece;
      [piece, used] = ['', 0];
    }
    piece += segment;
    used += next;
  }
  if (piece !== '') yield piece;
}

/** Pads `text` with spaces to `width` columns. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
