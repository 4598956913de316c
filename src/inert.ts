/**
 * Text from elsewhere made harmless: names, commands and messages come from other users and other
 * machines, and must not be able to move the cursor, retitle the window or turn the line round.
 *
 * Shown as escapes: C0, DEL and C1 controls, ESC among them (ECMA-48), lone surrogates, line and paragraph
 * separators, the bidirectional controls (UAX 9) and what takes no room at all (UTR 36, section 2.6).
 */
const UNSAFE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line that is safe on any terminal; nothing is dropped, everything unsafe becomes readable. */
export function inert(text: string): string {
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
