import type { Key } from 'ink';
import { describe, expect, it } from 'vitest';
import { keyNames } from './key-names.ts';

const NONE = {} as Key;

function key(change: Partial<Key>): Key {
  return { ...NONE, ...change };
}

describe('keys', () => {
  it('are separated when they arrive together', () => {
    expect(keyNames('jj G', NONE)).toEqual(['j', 'j', 'space', 'G']);
    expect(keyNames('ab\r', NONE)).toEqual(['a', 'b', 'enter']);
    expect(keyNames('/\u0015a\u0003', NONE)).toEqual(['/', '^u', 'a', '^c']);
  });

  it('are two when another key follows esc so quickly that it looks like Alt', () => {
    expect(keyNames('q', key({ meta: true }))).toEqual(['esc', 'q']);
    expect(keyNames('', key({ meta: true, downArrow: true }))).toEqual(['esc', 'down']);
    expect(keyNames('', key({ meta: true, escape: true }))).toEqual(['esc', 'esc']);
    expect(keyNames('', key({ escape: true }))).toEqual(['esc']);
  });
});
