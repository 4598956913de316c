import { expect, it } from 'vitest';
import { Receipt } from '../../generated/latchkey/v1/token.ts';
import { receiptMessage } from './to-proto.ts';

const receipt = {
  jtis: [],
  links: [],
  sessions: [],
  keptSessions: [],
  processes: 0,
  survivors: [],
  milliseconds: 1.5,
  stillRunning: [],
  stillRunningTotal: 0,
};

it('fits the largest sum of what links report into a receipt', () => {
  const message = receiptMessage({ ...receipt, processes: 10_000 * 2 ** 22 });
  expect(Receipt.decode(Receipt.encode(message).finish()).processes).toBe(2 ** 31 - 1);
});

it('says of each survivor, and of what still runs, who has seen it', () => {
  const process = { pid: 7, linuxUser: 'bob', command: 'sleep' };
  const running = { linuxUser: 'bob', pids: [7], command: 'sleep' };
  const { survivors, stillRunning } = receiptMessage({
    ...receipt,
    survivors: [process, { ...process, isUnconfirmed: true }, { ...process, isSeen: true }],
    stillRunning: [
      { ...running, isUnconfirmed: false },
      { ...running, isUnconfirmed: true, isRemoved: true },
    ],
  });
  expect(survivors.map(({ unconfirmed, seen }) => [unconfirmed, seen])).toEqual([
    [false, false],
    [true, false],
    [false, true],
  ]);
  expect(stillRunning.map(({ unconfirmed, removed }) => [unconfirmed, removed])).toEqual([
    [false, false],
    [true, true],
  ]);
});
