import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { below, checkedName, checkedTarget, lastName } from './names.ts';

describe('a name from the other end', () => {
  it.each(['', '.', '..', '/', 'a/b', '../a', '/etc/passwd', 'a\0b', './a', 'a/'])(
    '%j is refused',
    (name) => {
      expect(() => checkedName(Buffer.from(name))).toThrow(/broke the protocol/);
    },
  );

  it.each(['a', '...', '..a', '.a', ' ', '\u001b[31m', '-rf', '*', 'a\\b'])('%j is a name', (name) => {
    expect(checkedName(Buffer.from(name)).toString()).toBe(name);
  });

  it('is any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3 }), (bytes) => {
        const name = Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte)));
        fc.pre(!name.equals(Buffer.from('..')));
        expect(checkedName(name)).toBe(name);
      }),
    );
  });

  it('may be a link to any path, and to nothing else', () => {
    expect(checkedTarget(Buffer.from('/../x')).toString()).toBe('/../x');
    for (const target of ['', 'a\0b', 'x'.repeat(4096)])
      expect(() => checkedTarget(Buffer.from(target))).toThrow(/broke the protocol/);
  });
});

it.each([
  ['a', 'a'],
  ['/x/a', 'a'],
  ['a//', 'a'],
  ['x/..a', '..a'],
  ['.', ''],
  ['a/.', ''],
  ['..', ''],
  ['../..//', ''],
  ['/', ''],
])('a copy of %j is called %j', (path, name) => {
  expect(lastName(Buffer.from(path)).toString()).toBe(name);
});

it.each([
  ['a', ['b', 'c'], 'a/b/c'],
  ['/', ['b'], '/b'],
  ['a', [], 'a'],
])('below %j, %j is %j', (path, names, text) => {
  expect(
    below(
      Buffer.from(path),
      names.map((name) => Buffer.from(name)),
    ),
  ).toBe(text);
});
