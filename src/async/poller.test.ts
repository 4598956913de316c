import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Poller } from './poller.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('polls at each interval, from the end of the first one, until disposed', async () => {
  let polls = 0;
  const poller = new Poller(async () => void polls++, 1_000);
  await vi.advanceTimersByTimeAsync(999);
  expect(polls).toBe(0);
  await vi.advanceTimersByTimeAsync(2_001);
  expect(polls).toBe(3);
  poller[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(polls).toBe(3);
});

it('skips polls that are due while one is running', async () => {
  let polls = 0;
  let end = (): void => {};
  const poll = (): Promise<void> => {
    polls += 1;
    return new Promise((resolve) => {
      end = resolve;
    });
  };
  using _ = new Poller(poll, 1_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(polls).toBe(1);
  end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(polls).toBe(2);
});
