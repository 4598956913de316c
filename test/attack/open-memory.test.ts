/**
 * VULNERABILITY: the kernel shows a process's memory to every other process of its account (ptrace(2),
 * proc(5)), and writes it to the disk in a core dump. The server has signing keys and the passwords of logins
 * there, a link has its token.
 *
 * ATTACK: a program that runs as the server's account, or as a link's user, opens what proc(5) has of them.
 *
 * VERIFIES: it may open none of that, whereas it may for a process that does not protect itself.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, runAs, service } from '../support/account.ts';
import { needs } from '../support/needs.ts';
import { TestDaemon } from '../support/server/daemon.ts';

const FILES = ['mem', 'environ', 'maps', 'auxv'];

let daemon: TestDaemon;

/** Returns the files of a process in /proc that `account` may open. */
async function openFiles(account: Account, pid: number | undefined): Promise<string[]> {
  const script = 'for name; do : 2>/dev/null <"/proc/$0/$name" && echo "$name"; done; echo done';
  const { stdout } = await runAs(account, ['bash', '-c', script, `${pid}`, ...FILES]).finished;
  expect(stdout).toMatch(/done\n$/);
  return stdout.split('\n').filter((name) => FILES.includes(name));
}

describe('the memory of a process of Latchkey', needs('world', 'bash'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start({ as: service });
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('is closed to other processes of its account', async () => {
    const link = await daemon.link(alice);
    expect(await openFiles(service, daemon.pid)).toEqual([]);
    expect(await openFiles(alice, link.child.pid)).toEqual([]);
  });

  test('would be open otherwise', async () => {
    for (const account of [service, alice]) {
      const unprotected = runAs(account, ['sleep', '600']);
      await expect.poll(() => openFiles(account, unprotected.child.pid)).toEqual(FILES);
      unprotected.kill();
      await unprotected.finished;
    }
  });
});
