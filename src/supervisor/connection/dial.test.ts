import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { node } from '../../../test/support/program.ts';
import { dial } from './dial.ts';

const NOBODY = 65_534;
const GAMES = 5;
const DIAL_MS = 5_000;
const uidOfTest = userInfo().uid;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-dial-'));
  chmodSync(folder, 0o777);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Resolves with why the connection is refused; undefined when it is not. */
async function refusal(path: string, uid: number): Promise<string | undefined> {
  try {
    const { socket, process: listener } = await dial(path, uid, DIAL_MS);
    listener?.[Symbol.dispose]();
    socket.destroy();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test('a socket is connected to for the uid that listens on it, and for no other', async () => {
  const path = join(folder, 'own');
  const server = createServer().listen(path);
  await once(server, 'listening');
  expect(await refusal(path, uidOfTest)).toBeUndefined();
  expect(await refusal(path, uidOfTest + 1)).toMatch(`its listener is not uid ${uidOfTest + 1}`);
  server.close();
});

describe("another user's listener", needs('root'), () => {
  /** Starts a listener of `uid`. */
  async function listen(path: string, uid: number): Promise<ChildProcess> {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log());`;
    const child = spawn(node(), ['-e', script], { uid, gid: uid, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout as Readable, 'data');
    return child;
  }

  test.each([
    ['is connected to', GAMES, undefined],
    [
      'is not when it is the overflow user, which stands for anybody',
      NOBODY,
      /its listener is not uid 65534$/,
    ],
  ])('%s', async (_what, uid, wanted) => {
    const path = join(folder, `${uid}`);
    const child = await listen(path, uid);
    const why = await refusal(path, uid);
    child.kill('SIGKILL');
    if (wanted === undefined) expect(why).toBeUndefined();
    else expect(why).toMatch(wanted);
  });
});
