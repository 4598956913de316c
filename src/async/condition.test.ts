import { expect, it } from 'vitest';
import { Condition } from './condition.ts';

it('wakes all waiters, once', async () => {
  const condition = new Condition();
  const woken: string[] = [];
  const wait = (name: string): Promise<unknown> => condition.wait().then(() => woken.push(name));
  const both = [wait('first'), wait('second')];
  await Promise.resolve();
  expect(woken).toEqual([]);
  condition.notify();
  const third = wait('third');
  await Promise.all(both);
  expect(woken).toEqual(['first', 'second']);
  condition.notify();
  await third;
});

it('drops a notification without a waiter', async () => {
  const condition = new Condition();
  condition.notify();
  const waiting = condition.wait().then(() => 'woken');
  expect(await Promise.race([waiting, Promise.resolve('still waiting')])).toBe('still waiting');
});
