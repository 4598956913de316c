import { expect, it } from 'vitest';
import { endsOf } from './ends.ts';

it.each([
  [['a', ':b'], { isUpload: true, sources: ['a'], target: 'b', names: ['a'] }],
  [['x/a', './:c', ':'], { isUpload: true, sources: ['x/a', './:c'], target: '.', names: ['a', ':c'] }],
  [[':a', ':/b/.', '.'], { isUpload: false, sources: ['a', '/b/.'], target: '.', names: ['a', ''] }],
  [[':', '.'], { isUpload: false, sources: ['.'], target: '.', names: [''] }],
  [['caf\udce9', ':'], { isUpload: true, sources: ['caf\udce9'], target: '.', names: ['caf\xe9'] }],
])('%j is understood', (words, expected) => {
  const { names, ...ends } = endsOf(words);
  expect({ ...ends, names: names.map((name) => name.toString('latin1')) }).toEqual(expected);
});

it.each([
  [['a'], /name what to copy/],
  [['a', 'b'], /marks the paths of the host/],
  [[':a', 'b', 'c'], /marks the paths of the host/],
  [['a', ':b', ':c'], /a copy within the host/],
  [['a', '', ':'], /a path is empty/],
  [['x/a', 'y/a/', ':'], /two of the sources are called 'a'/],
])('%j is refused', (words, why) => {
  expect(() => endsOf(words)).toThrow(why);
});
