/**
 * Texts that harm whoever displays them raw, as an attacker may put them into a name, a command or a message.
 */
export const HOSTILE: Readonly<Record<string, string>> = {
  colours: 'red \u001b[31m, cleared \u001b[2J\u001b[H, scrolled\u001b[9999S',
  title: '\u001b]0;owned\u0007',
  link: '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\',
  clipboard: '\u001b]52;c;b3duZWQ=\u0007',
  'C1 controls': '\u009b31m \u009d0;owned\u009c \u0090q\u009c',
  'turned round': 'is\u202enimda\u202c \u2066left\u2069 \u200fright',
  unseen: 'ali\u200b\u200d\u2060\ufeff\u3164ce',
  tags: 'a\u{e0041}\u{e0042}',
  wide: '日本語 ｆｕｌｌ 한국어 👩‍💻👩‍💻',
  combining: `e${'\u0301'.repeat(50)} \u0301 \u0915\u094d\u0937\u093f`,
  lines: 'one\ntwo\r\nthree\ttab\u2028four\u0085five\fsix\vseven',
  shell: '$(touch pwned) `touch pwned` "; touch pwned; \' && touch pwned #{x} %F{red} *',
  long: 'x'.repeat(10_000),
};

/** Pieces to make names of. */
export const HOSTILE_UNITS = [
  'a',
  '\u001b[2J',
  '\u001b]52;c;eA==\u0007',
  '\u009b',
  '\u202e',
  '日',
  'e\u0301',
  '\n',
  '\t',
] as const;

/** Matches every character that does more than be displayed. */
export const HARMFUL =
  /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff\u3164\u{e0000}-\u{e007f}]/u;
