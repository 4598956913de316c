import { expect, test } from 'vitest';
import { TokenHistory } from './token-history.ts';

const token = (): TokenHistory => new TokenHistory('j', 1000);

test('readings in order are no finding', () => {
  const history = token();
  expect(history.read('valid', 1, 2)).toBeUndefined();
  history.revoking(5);
  expect(history.read('valid', 6, 9)).toBeUndefined();
  expect(history.read('ended', 6, 9)).toBeUndefined();
  expect(history.read('valid', 8, 12)).toBeUndefined(); // asked before the other answer arrived
  history.revoked(20);
  expect(history.read('ended', 21, 22)).toBeUndefined();
});

test('what comes back, ends unasked, or outlives its time is found', () => {
  expect(token().read('ended', 1, 2)).toMatch(/nobody/);
  expect(token().read('expired', 1, 2)).toMatch(/expired before/);
  expect(token().read('valid', 1001, 1002)).toMatch(/though expired/);
  const revoked = token();
  revoked.revoking(1);
  revoked.revoked(3);
  expect(revoked.read('valid', 4, 5)).toMatch(/though revoked/);
  const over = token();
  over.revoking(1);
  over.read('ended', 2, 3);
  expect(over.read('valid', 4, 5)).toMatch(/though over/);
});
