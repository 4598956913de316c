import { expect, it } from 'vitest';
import { Condition } from '../async/condition.ts';
import type { TerminalSize } from '../generated/latchkey/v1/session.ts';
import { sendSizes } from './session-size.ts';

it('sends the first size, then only the latest of a storm, and ends when it is stopped', async () => {
  const change = new Condition();
  const source = { current: { columns: 80, rows: 24 }, changed: () => change.wait() };
  const resize = (columns: number): void => {
    source.current = { columns, rows: 24 };
    change.notify();
  };
  const sent: number[] = [];
  let room = Promise.withResolvers<void>();
  const control = new AbortController();
  const sending = sendSizes(
    source,
    ({ columns }: TerminalSize) => {
      sent.push(columns);
      return room.promise;
    },
    control.signal,
  );
  for (const columns of [90, 100, 110]) resize(columns);
  room.resolve();
  await expect.poll(() => sent).toEqual([80, 110]);
  resize(110);
  room = Promise.withResolvers();
  resize(120);
  await expect.poll(() => sent).toEqual([80, 110, 120]);
  control.abort();
  room.resolve();
  await sending;
  resize(130);
  expect(sent).toEqual([80, 110, 120]);
});
