import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { commandOf, readProcesses } from '../processes/processes.ts';
import { programBegun } from './program-begun.ts';

const SHELL = '( read -r _ <&3; exec sleep 60 ) & wait';

test('waits for the shell to become the program', async () => {
  const keeper = spawn('sh', ['-c', SHELL], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const pid = keeper.pid ?? 0;
  const children = (): string[] =>
    readProcesses().flatMap((entry) => (entry.parent === pid ? [commandOf(entry.pid)] : []));
  try {
    const begun = programBegun(pid, 0, () => false);
    await expect.poll(children).toEqual([`sh -c ${SHELL}`]);
    expect(await Promise.race([begun.then(() => 'begun'), delay(300, 'waits')])).toBe('waits');
    (keeper.stdio[3] as Writable).write('\n');
    await begun;
    expect(children()).toEqual(['sleep 60']);
    await programBegun(0, 0, () => true);
  } finally {
    for (const entry of readProcesses()) if (entry.parent === pid) process.kill(entry.pid, 'SIGKILL');
    keeper.kill('SIGKILL');
  }
});
