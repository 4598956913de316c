/**
 * The width of a text for Ink, measured as everywhere else, so that aligned texts stay aligned.
 * build/bundle.ts replaces the package of this name by this file: the package takes a tenth of a second to
 * load.
 */
import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from '../src/terminal/display-width.ts';

export default function stringWidth(text: string): number {
  return displayWidth(text.includes('\u001b') ? stripVTControlCharacters(text) : text);
}
