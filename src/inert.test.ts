import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inert, inertJson } from './inert.ts';

const ACTIVE = /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
/** Invisible characters, except joiners between emoji. */
const UNSEEN = /(?!\u200d)[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?<!\p{Emoji})\u200d|\u200d(?!\p{Emoji})/u;

/** Text with many characters that are dangerous on a terminal. */
const HOSTILE = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ...'\x1b\x07\x9b\x9d\x9c\u202e\u2066\u2069\u200b\u200d\u200e\u3164\ufe0f\u0301\ud800\udc00\u2028\ue000\u{e0041}',
    ),
    fc.constantFrom('\x1b]8;;http://x\x1b\\\\', '\x1b]52;c;AAAA\x07', '👩‍💻', '日', 'a'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

const LENGTH = 5_000;

/** Returns the shortest of some times that this process takes to make `text` inert, whatever else runs. */
function cpuMsFor(text: string, count: number): number {
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let done = 0; done < count; done += 1) inert(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('inert text', () => {
  it('replaces escapes, C1 controls, line breaks and bidirectional controls by readable escapes', () => {
    expect(inert('a\x1b[31mred\x1b[0m')).toBe('a\\x1b[31mred\\x1b[0m');
    expect(inert('\x9b31m\x00\x7f')).toBe('\\x9b31m\\x00\\x7f');
    expect(inert('one\ntwo\r\tthree')).toBe('one\\ntwo\\r\\tthree');
    expect(inert('a\u202ebdoc.exe\u2066')).toBe('a\\u202ebdoc.exe\\u2066');
    expect(inert('tag\u{e0041}')).toBe('tag\\u{e0041}');
  });

  it('leaves ordinary text unchanged', () => {
    for (const text of ['zoë', '日本語', 'Ünal Öz', '👩‍💻', 'سلام', 'a\\b']) expect(inert(text)).toBe(text);
  });

  it('makes invisible characters visible, so that different names never look the same', () => {
    for (const unseen of '\u00ad\u034f\u115f\u200b\u200c\u200d\u2060\u3164\uffa0\ufe0f\ufeff\u{e0100}') {
      const code = unseen.codePointAt(0)?.toString(16);
      expect(inert(`ali${unseen}ce`)).toMatch(new RegExp(`^ali\\\\[xu]{?0*${code}}?ce$`));
    }
  });

  it('escapes a joiner beside an escaped character, where it joins nothing', () => {
    const reserved = '\u{1fc10}'; // for a future emoji
    expect(inert(`👩\u200d${reserved}\u200d👩`)).toBe('👩\\u200d\\u{1fc10}\\u200d👩');
  });

  it('escapes combining marks without a base character, and those after the fourth', () => {
    expect(inert('\u0301 a\u0301')).toBe('\\u0301 a\u0301');
    expect(inert(`a${'\u0301'.repeat(6)}`)).toBe(`a${'\u0301'.repeat(4)}\\u0301\\u0301`);
  });

  it('never leaves a control or an invisible character, whatever the text', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const shown = inert(text);
        expect(shown).not.toMatch(ACTIVE);
        expect(shown).not.toMatch(UNSEEN);
      }),
    );
  });

  it('is idempotent and drops nothing', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const shown = inert(text);
        expect(inert(shown)).toBe(shown);
        for (const char of text)
          if (/^(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]$/u.test(char)) expect(shown).toContain(char);
      }),
    );
  });

  it.each(['\x1b', '\u0301', '\u200d', '👩‍💻', '\ud800', 'a\u0301', '日'])(
    'takes time in proportion to its length: %j',
    (char) => {
      const pieces = cpuMsFor(char.repeat(LENGTH), 32);
      const whole = cpuMsFor(char.repeat(32 * LENGTH), 1);
      // As much text, but for the cost of memory; it would be 32 if time grew with the square.
      expect(whole / pieces).toBeLessThan(12);
    },
  );
});

describe('inert JSON', () => {
  it('parses to the same value and contains no control character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'binary' }), (key, text) => {
        const shown = inertJson({ [`k${key}`]: [text] });
        expect(ACTIVE.test(shown)).toBe(false);
        expect(JSON.parse(shown)).toEqual({ [`k${key}`]: [text] });
      }),
    );
  });

  it('keeps the line breaks of its own layout', () => {
    expect(inertJson({ a: '\n\u009b' }, 2)).toBe('{\n  "a": "\\n\\u009b"\n}');
  });
});
