import { expect, test } from 'vitest';
import { Whitelist } from './whitelist.ts';

const EXPIRY = 1_790_000_000;

test('a token that is refused or withdrawn is no child of its parent any more', () => {
  const whitelist = new Whitelist();
  whitelist.load('parent', EXPIRY);
  whitelist.announce('child', 'alice', 'parent');
  whitelist.admit('child', EXPIRY);
  whitelist.announce('failed', 'alice', 'parent');
  expect(whitelist.withChildren(['parent'])).toEqual(['parent', 'failed', 'child']);
  whitelist.withdraw('failed');
  expect(whitelist.withChildren(['parent'])).toEqual(['parent', 'child']);
  whitelist.refuse(['child']);
  expect(whitelist.withChildren(['parent'])).toEqual(['parent']);
  whitelist.refuse(['parent']);
  expect(whitelist.orphans()).toEqual([]);
});
