import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { commandOf, readProcesses } from '../processes/processes.ts';
import { programBegun } from './program-begun.ts';

const SHELL = '( read -r _ <&3; exec sleep 60 ) & wait';

// Its patience never ends: it resolves for no other reason than that the program has begun.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('waits for the shell to become the program', async () => {
  const keeper = spawn('sh', ['-c', SHELL], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const pid = keeper.pid ?? 0;
  try {
    const begun = programBegun(pid, [], () => false);
    await expect.poll(() => commandsBelow(pid)).toEqual([`sh -c ${SHELL}`]);
    expect(await Promise.race([begun.then(() => 'begun'), delay(300, 'waits')])).toBe('waits');
    (keeper.stdio[3] as Writable).write('\n');
    await begun;
    // The program has no arguments at first, within execve(2).
    await expect.poll(() => commandsBelow(pid)).toEqual(['sleep 60']);
  } finally {
    end(keeper);
  }
});

test('does not take the holder of the input for the program', async () => {
  const shell = 'sleep 60 & echo $!; read -r _ <&3; sleep 61 & wait';
  const keeper = spawn('sh', ['-c', shell], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  const pid = keeper.pid ?? 0;
  try {
    const [line] = await once(keeper.stdout as Readable, 'data');
    const holder = Number(line);
    await expect.poll(() => commandOf(holder)).toBe('sleep 60');
    let looks = 0;
    const begun = programBegun(pid, [holder], () => {
      looks += 1;
      return false;
    });
    await expect.poll(() => looks, { message: 'it looks again' }).toBeGreaterThan(1);
    (keeper.stdio[3] as Writable).write('\n');
    await begun;
    await expect.poll(() => commandsBelow(pid)).toEqual(['sleep 60', 'sleep 61']);
  } finally {
    end(keeper);
  }
});

test('does not wait for a program that has ended', async () => {
  const keeper = spawn('sleep', ['60']);
  await programBegun(keeper.pid ?? 0, [], () => true);
  end(keeper);
});

function commandsBelow(keeper: number): string[] {
  return readProcesses().flatMap(({ parent, pid }) => (parent === keeper ? [commandOf(pid)] : []));
}

function end(keeper: ChildProcess): void {
  for (const { parent, pid } of readProcesses()) if (parent === keeper.pid) process.kill(pid, 'SIGKILL');
  keeper.kill('SIGKILL');
}
