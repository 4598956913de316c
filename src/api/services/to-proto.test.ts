import { expect, it } from 'vitest';
import { Receipt } from '../../generated/latchkey/v1/token.ts';
import { receiptMessage } from './to-proto.ts';

it('fits the largest sum of what links report into a receipt', () => {
  const receipt = {
    jtis: [],
    links: [],
    sessions: [],
    keptSessions: [],
    survivors: [],
    milliseconds: 1.5,
    stillRunning: [],
    stillRunningTotal: 0,
  };
  const message = receiptMessage({ ...receipt, processes: 10_000 * 2 ** 22 });
  expect(Receipt.decode(Receipt.encode(message).finish()).processes).toBe(2 ** 31 - 1);
});
