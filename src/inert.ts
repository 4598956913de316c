/**
 * Makes text from elsewhere safe to show: names, commands and messages come from other users and
 * machines, and must not move the cursor, change the window's title or reverse the line.
 *
 * Shown as escapes: characters of general category C (control characters including ESC, ECMA-48;
 * bidirectional and other format controls, UAX 9; lone surrogates; unassigned and private-use
 * characters), line and paragraph separators, invisible characters (UTR 36, section 2.6), and combining
 * marks that combine with nothing or are stacked more than four high.
 */
const UNSAFE =
  /(?!(?<=(?!\p{C})\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d(?=(?!\p{C})\p{Extended_Pictographic}))[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<![\p{L}\p{N}\p{P}\p{S}\p{M}])\p{M}|(?<=\p{M}{4})\p{M}/gu;

/** Matches printable ASCII, which most text is, without Unicode tables, so that links need not load them. */
const PLAIN = /^[\x20-\x7e]*$/;

const PLAIN_LINES = /^[\n\x20-\x7e]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Returns one line that is safe on any terminal. Nothing is dropped: unsafe characters become readable
 * escapes.
 */
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
 * Returns JSON text that is safe to show and still means the same to a program. JSON.stringify leaves C1
 * and bidirectional controls as they are; here they become \uXXXX (RFC 8259, section 7).
 */
export function inertJson(value: unknown, indent?: number): string {
  return inertJsonText(JSON.stringify(value, undefined, indent));
}

/** Like `inertJson`, for JSON text that already exists. */
export function inertJsonText(text: string): string {
  if (PLAIN_LINES.test(text)) return text;
  return text.replace(UNSAFE, (char) => (char === '\n' ? char : utf16Escape(char)));
}

function utf16Escape(char: string): string {
  return Array.from({ length: char.length }, (_, at) => char.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
