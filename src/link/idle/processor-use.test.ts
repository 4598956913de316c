import { expect, test } from 'vitest';
import { kernelUnits } from '../../system/kernel-units.ts';
import { ProcessorUse } from './processor-use.ts';

const SHELL = {
  pid: 10,
  state: 'S',
  parent: 1,
  group: 10,
  session: 10,
  foreground: -1,
  startTime: 1,
  residentPages: 1,
  cpuTicks: 5,
  childTicks: 700,
};

test('counts processes that have come and gone between two looks, which their parent has waited for', () => {
  const use = new ProcessorUse();
  const aSecond = kernelUnits().ticksPerSecond;
  expect(use.isBusy([SHELL], 10_000)).toBe(false);
  expect(use.isBusy([SHELL], 10_000)).toBe(false);
  expect(use.isBusy([{ ...SHELL, childTicks: 700 + aSecond }], 10_000)).toBe(true);
  expect(use.isBusy([{ ...SHELL, childTicks: 700 + aSecond }], 10_000)).toBe(false);
});
