import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Semaphore } from './semaphore.ts';

test('at most as many jobs run at once as allowed, in the order of the calls', async () => {
  const semaphore = new Semaphore(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const jobs = Array.from({ length: 9 }, (_, at) =>
    semaphore.run(async () => {
      begun.push(at);
      running += 1;
      most = Math.max(most, running);
      await tick();
      running -= 1;
      if (at % 3 === 0) throw new Error(`${at}`);
      return at;
    }),
  );
  const outcomes = await Promise.allSettled(jobs);
  expect(most).toBe(2);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(begun.map((at) => at % 3 !== 0));
});

test('a job that is no longer wanted leaves the queue, and takes no place', async () => {
  const semaphore = new Semaphore(1);
  const first = Promise.withResolvers<void>();
  const running = semaphore.run(() => first.promise);
  const impatient = new AbortController();
  const waiting = semaphore.run(async () => 'ran', impatient.signal);
  const next = semaphore.run(async () => 'next');
  impatient.abort(new Error('too late'));
  await expect(waiting).rejects.toThrow('too late');
  first.resolve();
  await running;
  expect(await next).toBe('next');
  await expect(semaphore.run(async () => 'ran', impatient.signal)).rejects.toThrow('too late');
  expect(await semaphore.run(async () => 'last')).toBe('last');
});
