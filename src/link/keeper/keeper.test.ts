import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';
import { reap } from '../../native/process.ts';
import { findProcess } from '../processes/processes.ts';
import { type KeeperPids, SessionFolder } from '../session/session-folder.ts';
import { closePipes, type StartedKeeper, startKeeper } from './keeper.ts';
import { readGreeting } from './keeper-watch.ts';

let folder: string;
let session: SessionFolder;
let started: StartedKeeper;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-keeper-'));
  session = SessionFolder.create(folder, { id: 's', command: [], bootId: '', createdAt: 0, outputLimit: 0 });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts the keeper of a program that leaves a file behind; resolves with its greeting. */
function greeted(): Promise<KeeperPids | undefined> {
  started = startKeeper(session, {
    command: ['/usr/bin/touch', join(folder, 'ran')],
    environment: {},
    directory: '/',
    input: openSync('/dev/null', 'r'),
    settings: { umask: 0o077, openFiles: 1024 },
    held: false,
  });
  return readGreeting(started.greeting).pids;
}

/** Kills what is left of the keeper, and waits until it is gone. */
async function gone({ pid, pipes }: StartedKeeper): Promise<void> {
  closePipes(pipes);
  process.kill(pid, 'SIGKILL'); // not reaped, so not reused
  await expect.poll(() => reap(pid), { timeout: 10_000 }).toBe(true);
}

it('starts nothing once a new link has taken the session for one that never ran', async () => {
  expect(session.preventStart()).toBe(true);
  expect(await greeted()).toBeUndefined();
  await expect.poll(() => findProcess(started.pid)?.state, { timeout: 10_000 }).toBe('Z');
  await gone(started);
  expect(existsSync(join(folder, 'ran'))).toBe(false);
  expect(session.pids()).toEqual({ keeper: 0, helpers: [] });
});

it('that has begun is taken by no new link for one whose program never ran', async () => {
  const greeting = await greeted();
  expect(greeting).toEqual({ keeper: started.pid, helpers: [] });
  expect(session.preventStart()).toBe(false);
  expect(session.pids()).toEqual(greeting);
  await expect.poll(() => session.status(), { timeout: 10_000 }).toBe(0);
  await gone(started);
});

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
      reopenKeeper({ keeper, helpers: [] });
    } catch ({ code }) {
      failure = code;
    }
    for (const _ of free) openSync('/dev/null'); // none of them stayed open
    process.kill(keeper);
    process.on('exit', () => process.stdout.write(String(failure)));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: 'EMFILE', stderr: '' });
});
