/**
 * How wide Ink takes a text to be: as wide as everything here does, so that what is aligned stays
 * aligned. The package of this name, in whose place build/bundle.ts takes this in, knows every emoji
 * there is: a tenth of a second at each start.
 */
import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from '../src/terminal/display-width.ts';

export default function stringWidth(text: string): number {
  return displayWidth(text.includes('\u001b') ? stripVTControlCharacters(text) : text);
}
