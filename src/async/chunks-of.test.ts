import { expect, it } from 'vitest';
import { chunksOf } from './chunks-of.ts';

it.each([
  [0, []],
  [2, [[0, 1]]],
  [3, [[0, 1, 2]]],
  [7, [[0, 1, 2], [3, 4, 5], [6]]],
])('%i items are %j in chunks of three', (count, chunks) => {
  expect([...chunksOf([...Array(count).keys()], 3)]).toEqual(chunks);
});
