import { closeSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makePipe } from '../../native/pipe.ts';
import { watchKeeper } from './keeper-watch.ts';

/** Watches a new pipe as that of a keeper; `ended` resolves when the program counts as ended. */
function watched() {
  const { read, write } = makePipe();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let hasEnded = false;
  watchKeeper(read, () => {
    hasEnded = true;
    resolve();
  });
  return { write, ended, hasEnded: () => hasEnded };
}

test('a program has ended when the pipe of its keeper has, not when somebody writes to that', async () => {
  const one = watched();
  const other = watched();
  writeSync(one.write, 'x');
  closeSync(other.write);
  await other.ended;
  await setImmediate(); // both pipes were ready at the same time
  expect(one.hasEnded()).toBe(false);
  closeSync(one.write);
  await one.ended;
});
