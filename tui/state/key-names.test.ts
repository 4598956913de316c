import type { Key } from 'ink';
import { expect, it } from 'vitest';
import { keyNames } from './key-names.ts';

it('names each key of a piece of input in which there are several', () => {
  expect(keyNames('/\u0015ab \r\u0003', {} as Key)).toEqual(['/', '^u', 'a', 'b', 'space', 'enter', '^c']);
});
