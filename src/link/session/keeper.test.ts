import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';

it.each([0, 1, 2])('is not taken for one whose program has ended with %i descriptors left', (left) => {
  const prepare = `
    const { reopenKeeper } = await import(${JSON.stringify(join(import.meta.dirname, 'keeper.ts'))});
    const { spawn } = await import('node:child_process');
    const { closeSync, openSync } = await import('node:fs');
    const file = openSync('/dev/null');
    const stdio = Array.from({ length: 9 }, () => file);
    const keeper = spawn('sleep', ['60'], { stdio }).pid;
  `;
  const script = `
    const free = [63, 62].slice(0, ${left});
    for (const fd of free) closeSync(fd);
    let failure;
    try {
      reopenKeeper({ keeper, holder: 0 });
    } catch ({ code }) {
      failure = code;
    }
    for (const _ of free) openSync('/dev/null'); // none of them stayed open
    process.kill(keeper);
    process.on('exit', () => process.stdout.write(String(failure)));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: 'EMFILE', stderr: '' });
});
