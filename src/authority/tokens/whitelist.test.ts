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

test('a token is admitted once, and only after it was announced', () => {
  const whitelist = new Whitelist();
  expect(whitelist.admit('unknown', EXPIRY)).toBe(false);
  whitelist.announce('known', 'alice');
  expect(whitelist.admit('known', EXPIRY)).toBe(true);
  whitelist.refuse(['known']);
  expect(whitelist.admit('known', EXPIRY)).toBe(false);
  expect(whitelist.size).toBe(0);
});
