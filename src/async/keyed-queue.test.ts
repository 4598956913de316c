import { expect, it } from 'vitest';
import { KeyedQueue } from './keyed-queue.ts';

/** A job that runs until the test ends it. */
function heldJob(name: string, begun: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = (): Promise<string> => {
    begun.push(name);
    return promise;
  };
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

it('runs one job at a time for each key, in order, and those of other keys meanwhile', async () => {
  const queue = new KeyedQueue<string>();
  const begun: string[] = [];
  const first = heldJob('first', begun);
  const second = heldJob('second', begun);
  const other = heldJob('other', begun);
  const done = [queue.run('a', first.work), queue.run('a', second.work), queue.run('b', other.work)];
  await expect.poll(() => begun).toEqual(['first', 'other']);
  second.end();
  other.end();
  expect(await done[2]).toBe('other');
  expect(begun).toEqual(['first', 'other']);
  first.end();
  expect(await Promise.all(done)).toEqual(['first', 'second', 'other']);
});

it('continues after a failed job, and rejects only its caller', async () => {
  const queue = new KeyedQueue<number>();
  const failed = queue.run(1, async () => {
    throw new Error('failed');
  });
  const next = queue.run(1, async () => 'done');
  await expect(failed).rejects.toThrow('failed');
  expect(await next).toBe('done');
});

it('stores nothing for a key without jobs', async () => {
  const queue = new KeyedQueue<number>();
  await Promise.all([
    queue.run(1, async () => {}),
    queue.run(1, async () => {}),
    queue.run(2, async () => {}),
  ]);
  expect(queue.size).toBe(0);
});
