import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, hasRawBytes, rawText } from './raw-text.ts';

describe('text of bytes that may not be UTF-8', () => {
  it('is the usual string for UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(rawText(Buffer.from(text))).toBe(text);
        expect(bytesOf(text)).toEqual(Buffer.from(text));
        expect(hasRawBytes(text)).toBe(false);
      }),
    );
  });

  it('becomes the same bytes again, whatever they are', () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 2 }).map((text) => Buffer.from(text)),
      fc.constantFrom([0xed, 0xb3, 0xa9], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xc0, 0xaf]),
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
        expect(bytesOf(rawText(bytes))).toEqual(bytes);
        expect(bytesOf(JSON.parse(JSON.stringify(rawText(bytes))))).toEqual(bytes);
      }),
    );
  });

  it('has one surrogate for each byte, as in Python', () => {
    const text = rawText(Buffer.from('a\xe9€'.replace('€', '\xe2\x82\xac\xff'), 'latin1'));
    expect(text).toBe('a\udce9€\udcff');
    expect(hasRawBytes(text)).toBe(true);
    expect(hasRawBytes('a\ufffd😀')).toBe(false);
  });
});
