/** Keys as names: "j", "G", "enter", "^c". */
import type { Key } from 'ink';
import { graphemesOf } from '../../src/terminal/display-width.ts';

const NAMED: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pgdn'],
  ['pageUp', 'pgup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

/**
 * Returns the keys of one piece of input, which has several from a fast typist. Terminals send Alt and a key
 * as Esc and the key; nothing is on Alt here, so it is always taken for both.
 */
export function keyNames(input: string, key: Key): string[] {
  return key.meta ? ['esc', ...namesOf(input, key)] : namesOf(input, key);
}

function namesOf(input: string, key: Key): string[] {
  if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
  const [, name] = NAMED.find(([property]) => key[property] === true) ?? [];
  if (name !== undefined) return [name];
  if (key.ctrl) return [`^${input}`];
  return Array.from(graphemesOf(input), ({ segment }) => CHARACTERS[segment] ?? control(segment) ?? segment);
}

const CHARACTERS: Readonly<Record<string, string>> = {
  ' ': 'space',
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u007f': 'backspace',
  '\u001b': 'esc',
};

/** "^u" for the character that Control and u send (ECMA-48, 5.2). */
function control(character: string): string | undefined {
  const code = character.charCodeAt(0);
  return code < 0x20 ? `^${String.fromCharCode(code + 0x60)}` : undefined;
}

/** Returns the text that a key types; undefined when it types none. */
export function typed(name: string): string | undefined {
  if (name === 'space') return ' ';
  return Array.from(graphemesOf(name)).length === 1 && !/\p{Cc}/u.test(name) ? name : undefined;
}
