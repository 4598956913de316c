import { expect, it } from 'vitest';
import { PROMISED } from '../../../test/support/server/promised-json.ts';
import { type Description, jsonManual } from './json-manual.ts';

function inShort(description: Description): string {
  return Object.entries(description)
    .map(([name, { type }]) => `${name}: ${type}`)
    .join(', ');
}

it('prints exactly the JSON that is promised', () => {
  const { documents, events, failure, objects } = jsonManual();
  const all = { ...documents, ...events, failure, ...objects };
  const described = Object.entries(all).map(([name, description]) => [name, inShort(description)]);
  expect(Object.fromEntries(described)).toEqual(PROMISED);
});

it('describes every object that it mentions', () => {
  const { documents, events, failure, objects } = jsonManual();
  const all = [documents, events, { failure }, objects].flatMap((each) => Object.values(each));
  const types = all.flatMap((each) => Object.values(each));
  const words = types.map(({ type }) => type.replace(/^array of | or null$/g, ''));
  const plain = ['string', 'integer', 'boolean', 'time', 'any'];
  for (const word of words) expect([...plain, ...Object.keys(objects)]).toContain(word);
});
