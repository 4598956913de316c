import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';

it('that cannot look at its keeper, for lack of descriptors, is not created and leaves no pipe open', () => {
  const here = (file: string): string => JSON.stringify(join(import.meta.dirname, file));
  const prepare = `
    const { reopenKeeper } = await import(${here('../keeper/keeper.ts')});
    const { Session } = await import(${here('session.ts')});
    const { spawn } = await import('node:child_process');
    const { closeSync, openSync } = await import('node:fs');
    const file = openSync('/dev/null');
    const stdio = Array.from({ length: 9 }, () => file);
    const keeper = spawn('sleep', ['60'], { stdio }).pid;
  `;
  const script = `
    const free = [63, 62, 61];
    for (const fd of free) closeSync(fd);
    const pids = { keeper, helpers: [] };
    const parts = { folder: { record: { id: 's' } }, log: {}, pipes: reopenKeeper(pids), pids };
    let failure;
    try {
      new Session(parts);
    } catch ({ code }) {
      failure = code;
    }
    for (const _ of free) openSync('/dev/null'); // none of them stayed open
    process.kill(keeper);
    process.on('exit', () => process.stdout.write(String(failure)));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: 'EMFILE', stderr: '' });
});
