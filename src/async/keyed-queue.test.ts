import { expect, it } from 'vitest';
import { KeyedQueue } from './keyed-queue.ts';

/** Work that goes on until it is told how to end. */
function heldWork(name: string, begun: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = (): Promise<string> => {
    begun.push(name);
    return promise;
  };
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

it('does one work at a time for a key, in order, and those of other keys meanwhile', async () => {
  const queue = new KeyedQueue<string>();
  const begun: string[] = [];
  const first = heldWork('first', begun);
  const second = heldWork('second', begun);
  const other = heldWork('other', begun);
  const done = [queue.run('a', first.work), queue.run('a', second.work), queue.run('b', other.work)];
  await expect.poll(() => begun).toEqual(['first', 'other']);
  second.end();
  other.end();
  expect(await done[2]).toBe('other');
  expect(begun).toEqual(['first', 'other']);
  first.end();
  expect(await Promise.all(done)).toEqual(['first', 'second', 'other']);
});

it('goes on behind work that has failed, and tells only who asked for it', async () => {
  const queue = new KeyedQueue<number>();
  const failed = queue.run(1, async () => {
    throw new Error('no luck');
  });
  const next = queue.run(1, async () => 'done');
  await expect(failed).rejects.toThrow('no luck');
  expect(await next).toBe('done');
});

it('keeps nothing of a key without work', async () => {
  const queue = new KeyedQueue<number>();
  await Promise.all([
    queue.run(1, async () => {}),
    queue.run(1, async () => {}),
    queue.run(2, async () => {}),
  ]);
  expect(queue.size).toBe(0);
});
