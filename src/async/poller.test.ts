import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Poller } from './poller.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('looks every so often, from the first period on, until disposed', async () => {
  let looks = 0;
  const poller = new Poller(async () => void looks++, 1_000);
  await vi.advanceTimersByTimeAsync(999);
  expect(looks).toBe(0);
  await vi.advanceTimersByTimeAsync(2_001);
  expect(looks).toBe(3);
  poller[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(looks).toBe(3);
});

it('leaves out what is due while a look goes on', async () => {
  let looks = 0;
  let end = (): void => {};
  const look = (): Promise<void> => {
    looks += 1;
    return new Promise((resolve) => {
      end = resolve;
    });
  };
  using _ = new Poller(look, 1_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(looks).toBe(1);
  end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks).toBe(2);
});
