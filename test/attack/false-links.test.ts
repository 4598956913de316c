/**
 * VULNERABILITY: a server that takes a socket's name for proof of whose link it is sends another account's
 * programs, input and tokens to whoever has made a socket of that name (F22).
 *
 * ATTACK: mallory, an account on the same host, registers sockets under alice's uid, alice's real link, names
 * that lead out of the folder, files and symbolic links; her own link answers with frames that are too large,
 * broken or out of place; and she tries to connect to alice's link and to remove its socket.
 *
 * VERIFIES: each registration is refused before anything is sent to the socket, the server goes on for
 * everybody else, and the folder lets nobody reach, list or remove what is another's.
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

  test("a socket of one's own under another's uid is refused, and nothing is sent to it", async () => {
    const events = await attack(mallory, nameFor(alice.uid), '--listen');
    expect(answerOf(events).status).toBe(PERMISSION_DENIED);
    expect(events.filter((event) => event.received)).toEqual([]);
  });

  test("another's real link cannot be registered again", async () => {
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
    test(`the name ${JSON.stringify(name.slice(0, 40))} is not one`, async () => {
      expect(answerOf(await attack(mallory, name)).status).toBe(INVALID_ARGUMENT);
    });
  }

  test('a name that nobody listens on, a file and a symbolic link are refused', async () => {
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

  // What a link of mallory's own says instead of Hello. It harms nobody, mallory's own registration included.
  const words: Record<string, string> = {
    'a frame of 4 GiB': 'ffffffff00',
    'a broken frame': '00000004ffffffff',
    'an empty frame': '00000000',
    'nothing that a link may say first': '000000020a00',
    'half a frame': '0000ffff00',
  };
  for (const [what, hex] of Object.entries(words)) {
    test(`a link that says ${what} is refused and the daemon goes on`, async () => {
      const events = await attack(mallory, nameFor(mallory.uid), '--listen', '--hello', hex);
      expect(answerOf(events).status).not.toBe(0);
      expect(events.filter((event) => event.received)).toEqual([]);
      expect((await daemon.cli(alice, ['start', '--', 'true'])).status).toBe(0);
    });
  }

  test('nobody else can connect to a link, list the folder, or take a socket away', async () => {
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
