import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial } from '../connection/dial.ts';
import { isForwarder, lifeOf, statOf } from './listening-process.ts';

const SOCKETS = 20;
const DIAL_MS = 5_000;

let folder: string;
let listener: ChildProcessByStdio<null, Readable, null>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-listening-'));
  const script = `const { createServer } = require('node:net'); let ready = 0;
    for (let at = 0; at < ${SOCKETS}; at += 1)
      createServer().listen('${folder}/' + at, () => { ready += 1; if (ready === ${SOCKETS}) console.log(); });`;
  listener = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(listener.stdout, 'data');
});
afterAll(() => {
  listener.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Returns the process that listens on a socket. */
async function listeningOn(at: number) {
  const { socket, process: found } = await dial(join(folder, `${at}`), userInfo().uid, DIAL_MS);
  socket.destroy();
  if (found === undefined) throw new Error('nobody listens');
  return found;
}

function openPidfds(): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor of this listing
    }
  });
  return targets.filter((target) => target === 'anon_inode:[pidfd]' || target.startsWith('pidfd:')).length;
}

test('a process that listens on many sockets takes one pidfd, until the last is disposed of', async () => {
  const before = openPidfds();
  const found = await Promise.all(Array.from({ length: SOCKETS }, (_, at) => listeningOn(at)));
  expect(openPidfds() - before).toBe(1);
  const [kept, ...others] = found;
  for (const one of others) {
    one[Symbol.dispose]();
    one[Symbol.dispose]();
  }
  expect(openPidfds() - before).toBe(1);
  expect(await kept?.life()).toBe('running');
  const again = await listeningOn(1);
  expect(openPidfds() - before).toBe(1);
  expect(await kept?.kill()).toBe('sent');
  expect(await again.lifeWithin(DIAL_MS)).toBe('gone');
  expect(await kept?.life()).toBe('gone');
  expect(openPidfds() - before).toBe(0);
});

test('sshd is known by its program, whatever it calls itself, also when an upgrade has replaced that', async () => {
  const path = join(folder, 'sshd-session');
  copyFileSync('/bin/sh', path);
  const renamed = 'echo other >/proc/$$/comm; echo renamed; read -r _';
  const child = spawn(path, ['-c', renamed], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  expect(await isForwarder(pid)).toBe(true);
  rmSync(path);
  expect(readlinkSync(`/proc/${pid}/exe`)).toMatch(/sshd-session \(deleted\)$/);
  expect(await isForwarder(pid)).toBe(true);
  expect(await isForwarder(process.pid)).toBe(false);
  child.kill('SIGKILL');
});

test('without a pidfd, a process is told from a later one with its pid by its start time', async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const { startTime = 0 } = (await statOf(pid)) ?? {};
  expect([await lifeOf(pid, startTime), await lifeOf(pid, startTime - 1), await lifeOf(pid)]).toEqual([
    'running',
    'gone',
    'unknown',
  ]);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(await lifeOf(pid, startTime)).toBe('gone');
});
