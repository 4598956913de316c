import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isPidFree, Pidfd } from './pidfd.ts';

const KILL = 9;
const STOP = 19;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

test('a pidfd tells a stopped process from one that is gone, and from a later one with its pid', async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  using process_ = Pidfd.open(pid);
  expect(process_.send(STOP)).toBe('sent');
  expect([process_.hasExited(), isPidFree(pid)]).toEqual([false, false]);
  expect(process_.send(KILL)).toBe('sent');
  await ended(child);
  expect([process_.hasExited(), isPidFree(pid), process_.send(0)]).toEqual([true, true, 'gone']);
  expect(() => Pidfd.open(pid)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});

test('a zombie has exited, although its pid is in use', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60']);
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  using zombie = Pidfd.open(pid);
  await expect.poll(() => zombie.hasExited(), { timeout: 10_000 }).toBe(true);
  expect(isPidFree(pid)).toBe(false);
  parent.kill('SIGKILL');
});

test('the pidfd of a peer is that of the process that listens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pidfd-'));
  const script = "require('net').createServer().listen(process.argv[1], () => console.log('ready'))";
  const child = spawn(process.execPath, ['-e', script, join(folder, 's')]);
  await once(child.stdout, 'data');
  const socket = connect(join(folder, 's'));
  await once(socket, 'connect');
  socket.on('error', () => {}); // the listener's end
  using listener = Pidfd.ofPeer(socket);
  expect(listener.hasExited()).toBe(false);
  child.kill('SIGKILL');
  await ended(child);
  expect(listener.hasExited()).toBe(true);
  expect(() => Pidfd.ofPeer(socket)).toThrow('getsockopt');
  socket.destroy();
  rmSync(folder, { recursive: true });
});

test('a pidfd is asked in spite of signals, such as of children that end', async () => {
  using own = Pidfd.open(process.pid);
  const onSignal = (): void => {};
  process.on('SIGUSR2', onSignal);
  const sender = spawn('bash', ['-c', `for _ in {1..20000}; do kill -USR2 ${process.pid} || exit; done`]);
  await once(sender, 'spawn');
  for (; sender.exitCode === null; await new Promise(setImmediate))
    for (let asked = 0; asked < 1_000; asked += 1) expect(own.hasExited()).toBe(false);
  process.off('SIGUSR2', onSignal);
});
