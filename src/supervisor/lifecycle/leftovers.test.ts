import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Link } from '../link.ts';
import { Leftovers } from './leftovers.ts';
import type { Life } from './listening-process.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('that cannot be forgotten are tried again until they are, and no longer said to be present', async () => {
  const link = { uid: 7 } as Link;
  const lives = new Map<Link, Life>([[link, 'running']]);
  const failures: unknown[] = [];
  const asked: Link[] = [];
  const disk = { isFull: true };
  using leftovers = new Leftovers({
    lifeOf: async (one) => lives.get(one) ?? 'gone',
    forget: async (one) => {
      asked.push(one);
      if (disk.isFull) throw new Error('the disk is full');
    },
    failed: (_, error) => failures.push(error),
  });
  leftovers.add(link);
  expect([await leftovers.settle(link), leftovers.countOf(7)]).toEqual([false, 1]);
  lives.set(link, 'gone');
  expect([await leftovers.settle(link), await leftovers.present(), leftovers.countOf(7)]).toEqual([
    true,
    [],
    0,
  ]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(failures).toEqual([new Error('the disk is full')]);
  const before = asked.length;
  expect(before).toBeGreaterThanOrEqual(4);
  disk.isFull = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.length).toBe(before + 1);
});
