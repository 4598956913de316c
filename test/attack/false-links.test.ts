/**
 * VULNERABILITY: a server that takes the name of a socket as proof of its owner sends another account's
 * programs, input and tokens to whoever has made a socket of that name (F22).
 *
 * ATTACK: mallory, an account on the same host, registers sockets under alice's uid, alice's real link, names
 * that lead out of the folder, files and symbolic links. Her own link answers with frames that are too large,
 * malformed or out of order. She tries to connect to alice's link and to remove its socket.
 *
 * VERIFIES: each registration is refused before anything is sent to the socket, the server keeps working for
 * all other users, and nobody can connect to, list or remove the sockets of others.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, mallory, root, runAs } from '../support/account.ts';
import { needs } from '../support/needs.ts';
import { node } from '../support/program.ts';
import { TestDaemon } from '../support/server/daemon.ts';

let daemon: TestDaemon;
const tool = '/mnt/impostor.mjs';
const PERMISSION_DENIED = 7;
const INVALID_ARGUMENT = 3;

interface Event {
  status?: number;
  message?: string;
  received?: string;
  connected?: boolean;
}

/** Runs the attacker's tool; resolves with its events. */
async function attack(account: Account, name: string, ...flags: string[]): Promise<Event[]> {
  const { stdout, stderr } = await runAs(account, [node(), tool, daemon.runFolder, name, ...flags]).finished;
  if (stdout === '') throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
}

function answerOf(events: Event[]): Event {
  return events.find((event) => event.status !== undefined) ?? {};
}

const nameFor = (uid: number): string => `${uid}.${randomBytes(16).toString('hex')}.sock`;

describe('false links', needs('world'), () => {
  beforeAll(async () => {
    copyFileSync(join(dirname(import.meta.dirname), 'support/link/impostor.mjs'), tool);
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test("an attacker's socket under another user's uid is refused, and nothing is sent to it", async () => {
    const events = await attack(mallory, nameFor(alice.uid), '--listen');
    expect(answerOf(events).status).toBe(PERMISSION_DENIED);
    expect(events.filter((event) => event.received)).toEqual([]);
  });

  test("another user's real link cannot be registered again", async () => {
    const links = await daemon.as(root).links();
    const hers = links.find((link) => link.linuxUser === 'alice');
    expect(answerOf(await attack(mallory, hers?.socket ?? '')).status).toBe(PERMISSION_DENIED);
    expect((await daemon.cli(alice, ['start', '--', 'true'])).status).toBe(0);
  });

  for (const name of [
    '../token',
    'a/b.sock',
    '/run/x.sock',
    `7002.${'0'.repeat(31)}.sock`,
    `${nameFor(7002)}/..`,
    '7002.%00.sock',
    '',
    'x'.repeat(5000),
  ]) {
    test(`the name ${JSON.stringify(name.slice(0, 40))} is refused`, async () => {
      expect(answerOf(await attack(mallory, name)).status).toBe(INVALID_ARGUMENT);
    });
  }

  test('a name without a listener, a file and a symbolic link are refused', async () => {
    const nobody = nameFor(mallory.uid);
    const file = nameFor(mallory.uid);
    const link = nameFor(mallory.uid);
    const links = await daemon.as(root).links();
    writeFileSync(join(daemon.runFolder, 'links', file), '');
    symlinkSync(links[0]?.socket ?? '', join(daemon.runFolder, 'links', link));
    for (const name of [nobody, file, link]) {
      expect(answerOf(await attack(mallory, name)).status, name).toBe(PERMISSION_DENIED);
    }
    unlinkSync(join(daemon.runFolder, 'links', file));
    unlinkSync(join(daemon.runFolder, 'links', link));
  });

  // Sent by mallory's own link instead of Hello.
  const words: Record<string, string> = {
    'a frame of 4 GiB': 'ffffffff00',
    'a malformed frame': '00000004ffffffff',
    'an empty frame': '00000000',
    'a frame that a link may not send first': '000000020a00',
    'half a frame': '0000ffff00',
  };
  for (const [what, hex] of Object.entries(words)) {
    test(`a link that sends ${what} is refused, and the server keeps working`, async () => {
      const events = await attack(mallory, nameFor(mallory.uid), '--listen', '--hello', hex);
      expect(answerOf(events).status).not.toBe(0);
      expect(events.filter((event) => event.received)).toEqual([]);
      expect((await daemon.cli(alice, ['start', '--', 'true'])).status).toBe(0);
    });
  }

  test('other users can neither connect to a link, list the folder nor remove a socket', async () => {
    const links = await daemon.as(root).links();
    const path = join(
      daemon.runFolder,
      'links',
      links.find((link) => link.linuxUser === 'alice')?.socket ?? '',
    );
    expect(existsSync(path)).toBe(true);
    const connect = `require('net').connect(process.argv[1]).on('error', (e) => console.log(e.code)).on('connect', () => console.log('connected'))`;
    expect((await runAs(mallory, [node(), '-e', connect, path]).finished).stdout).toBe('EACCES\n');
    expect((await runAs(mallory, ['ls', dirname(path)]).finished).status).not.toBe(0);
    expect((await runAs(mallory, ['rm', '-f', path]).finished).status).not.toBe(0);
    expect(existsSync(path)).toBe(true);
  });
});
