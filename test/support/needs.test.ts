import { expect, test } from 'vitest';
import { missing, needs, skippedFor } from './needs.ts';

test('the first of the needs that is missing is the reason', () => {
  expect(needs()).toEqual({});
  expect(skippedFor(undefined)).toEqual({});
  expect(needs('root')).toEqual(skippedFor(missing('root')));
});
