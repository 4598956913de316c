/**
 * Text from elsewhere made harmless: names, commands and messages come from other users and other
 * machines, and must not be able to move the cursor, retitle the window or turn the line round.
 *
 * Shown as escapes: whatever is no character to look at (general category C: C0, DEL and C1 controls with ESC among
 * them, ECMA-48; bidirectional and other format controls, UAX 9; lone surrogates; what Unicode has not assigned or left
 * to private use, of which nobody knows how it looks), line and paragraph separators, what is not shown at all
 * (UTR 36, section 2.6), and marks that combine with nothing or are heaped upon one another.
 */
const UNSAFE =
  /(?!(?<=(?!\p{C})\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d(?=(?!\p{C})\p{Extended_Pictographic}))[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<![\p{L}\p{N}\p{P}\p{S}\p{M}])\p{M}|(?<=\p{M}{4})\p{M}/gu;

/** Most text; not to load the tables of Unicode for it keeps links small. */
const PLAIN = /^[\x20-\x7e]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line that is safe on any terminal; nothing is dropped, everything unsafe becomes readable. */
export function inert(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (char) => SHORT[char] ?? visible(char));
}

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * JSON text whose strings are safe to show and still mean the same to a program: JSON.stringify leaves
 * C1 and bidirectional controls as they are, here they become \uXXXX (RFC 8259, section 7).
 */
export function inertJson(value: unknown, indent?: number): string {
  return inertJsonText(JSON.stringify(value, undefined, indent));
}

/** The same for JSON text that others have made. */
export function inertJsonText(text: string): string {
  return text.replace(UNSAFE, (char) => (char === '\n' ? char : utf16Escape(char)));
}

function utf16Escape(char: string): string {
  return Array.from({ length: char.length }, (_, at) => char.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
