/**
 * VULNERABILITY: a process can be read by every other process of its user, with ptrace(2) and in its files
 * below proc, or by having it dump its core. A link holds a token and the key that it shares with the server,
 * and the server holds the keys that tokens are signed with: what runs as the same user could take those.
 *
 * ATTACK: a program of alice's account reads the environment, the map of the memory and the descriptors of
 * her link, of her link daemon and of a process that ends her sessions; a program of the server's account,
 * which is not root, reads those of the server.
 *
 * VERIFIES: the kernel refuses each of them, and allows the same with an ordinary process of the same
 * account.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, type Run, runAs, service } from '../support/account.ts';
import { needs } from '../support/needs.ts';
import { TestDaemon } from '../support/server/daemon.ts';

/** Prints which of the files of process $1 can be read. */
const READ = `for file in environ maps; do head -c 1 "/proc/$1/$file" >/dev/null 2>&1 && echo $file; done
ls "/proc/$1/fd" >/dev/null 2>&1 && echo fd
true`;
const EVERYTHING = ['environ', 'maps', 'fd'];

let daemon: TestDaemon;

/** Returns what a program of `account` can open of a process. */
async function readableOf(pid: number, account: Account): Promise<string[]> {
  const { stdout, stderr } = await runAs(account, ['sh', '-c', READ, 'sh', `${pid}`]).finished;
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

const pidOf = ({ child }: Run): number => child.pid ?? 0;

describe('what a process holds', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start({ as: service });
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.each([
    ['alice', alice],
    ["the server's account", service],
  ])('is open to other processes of %s, if it is an ordinary one', async (_name, account) => {
    const ordinary = runAs(account, ['sh', '-c', 'echo begun; read -r _'], { interactive: true });
    await ordinary.printed(/begun/);
    expect(await readableOf(pidOf(ordinary), account)).toEqual(EVERYTHING);
    ordinary.kill('SIGKILL');
  });

  test('is closed to programs of the same account, if it is the server', async () => {
    expect(await readableOf(daemon.pid, service)).toEqual([]);
  });

  test("is closed to its user's other programs, if it is a link", async () => {
    expect(await readableOf(pidOf(await daemon.link(alice)), alice)).toEqual([]);
  });

  test("is closed to its user's other programs, if it is a link daemon", async () => {
    expect(await daemon.cli(alice, ['link', '--daemon'])).toMatchObject({ status: 0 });
    const links = await daemon.as(alice).links();
    const pids = links.filter((link) => link.daemon).map(({ pid }) => pid);
    expect(pids).toHaveLength(1);
    for (const pid of pids) expect(await readableOf(pid, alice)).toEqual([]);
  });

  test("is closed to its user's other programs, if it ends sessions", async () => {
    const ends = daemon.begin(alice, ['link', '--end-sessions'], { interactive: true });
    await expect.poll(() => readableOf(pidOf(ends), alice), { timeout: 20_000 }).toEqual([]);
    ends.kill('SIGKILL');
  });
});
