import { describe, expect, it } from 'vitest';
import { SharedQueries } from './shared-queries.ts';

const user = (uid: number) => ({ name: `user${uid}`, uid });

describe('queries for many users', () => {
  it('are shared by the calls that come during another one', async () => {
    const asked: number[][] = [];
    const gates: (() => void)[] = [];
    const queries = new SharedQueries<ReturnType<typeof user>, ReturnType<typeof user>>(async (users) => {
      asked.push(users.map(({ uid }) => uid));
      await new Promise<void>((resolve) => gates.push(resolve));
      return users.filter(({ uid }) => uid % 2 === 1);
    });
    const first = queries.answerFor(user(1));
    await expect.poll(() => asked).toEqual([[1]]);
    const later = [2, 3, 4].map((uid) => queries.answerFor(user(uid)));
    gates[0]?.();
    expect(await first).toEqual(user(1));
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.();
    expect(await Promise.all(later)).toEqual([undefined, user(3), undefined]);
    expect(asked).toEqual([[1], [2, 3, 4]]);
  });

  it('that fail do so for their own callers alone', async () => {
    let fails = true;
    const queries = new SharedQueries<ReturnType<typeof user>, ReturnType<typeof user>>(async () => {
      if (fails) throw new Error('no answer');
      return [];
    });
    await expect(queries.answerFor(user(1))).rejects.toThrow('no answer');
    fails = false;
    expect(await queries.answerFor(user(1))).toBeUndefined();
  });
});
