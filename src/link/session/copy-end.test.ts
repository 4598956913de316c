import { expect, it } from 'vitest';
import { copyEndLimit, isCopyEnd } from './copy-end.ts';

it.each([
  [['latchkey:copy', 'send', 'x'], true],
  [['latchkey:copy'], true],
  [['/bin/latchkey:copy'], false],
  [['sh', 'latchkey:copy'], false],
  [[], false],
])('the command %j is the end of a copy: %s', (command, expected) => {
  expect(isCopyEnd(command)).toBe(expected);
});

it('keeps at most 4 MiB of output, and less where every session keeps less', () => {
  const MIB = 1024 * 1024;
  expect([0, 64 * MIB, MIB].map(copyEndLimit)).toEqual([4 * MIB, 4 * MIB, MIB]);
});
