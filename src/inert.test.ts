import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inert, inertJson } from './inert.ts';

const ACTIVE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe('inert text', () => {
  it('shows escapes, C1 controls, line breaks and bidirectional controls instead of doing them', () => {
    expect(inert('a\x1b[31mred\x1b[0m')).toBe('a\\x1b[31mred\\x1b[0m');
    expect(inert('\x9b31m\x00\x7f')).toBe('\\x9b31m\\x00\\x7f');
    expect(inert('one\ntwo\r\tthree')).toBe('one\\ntwo\\r\\tthree');
    expect(inert('a\u202ebdoc.exe\u2066')).toBe('a\\u202ebdoc.exe\\u2066');
    expect(inert('tag\u{e0041}')).toBe('tag\\u{e0041}');
  });

  it('leaves what people write alone', () => {
    for (const text of ['zoë', '日本語', 'Ünal Öz', '👩‍💻', 'سلام', 'a\\b']) expect(inert(text)).toBe(text);
  });

  it('never lets a control through, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !ACTIVE.test(inert(text))));
  });
});

describe('inert JSON', () => {
  it('means the same and carries no control, whatever the text', () => {
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
