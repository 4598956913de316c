/** Links started by hand: two at a time, killed ones, in the background, on any port. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, latchkey, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Screen } from '../../support/terminal/screen.ts';

let daemon: TestDaemon;

async function alicesJti(): Promise<string> {
  return (await daemon.as(alice).token()).jti;
}

describe('a link started by hand', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('replaces the stored login, says so, and restores it', async () => {
    const first = await daemon.link(alice);
    const before = await alicesJti();
    const second = daemon.begin(alice, ['link']);
    await second.printed(/\n.*it uses the previous one again/, 'stderr');
    expect(first.stderr).not.toContain('another login');
    expect(await alicesJti()).not.toBe(before);
    second.kill('SIGINT');
    await second.finished;
    expect(await alicesJti()).toBe(before);
    first.kill('SIGINT');
    await first.finished;
    const { status, stderr } = await daemon.cli(alice, ['whoami']);
    expect([status, stderr]).toEqual([3, expect.stringContaining('latchkey login')]);
  });

  test('makes later commands say what happened and what to do when it was killed', async () => {
    const link = await daemon.link(mallory);
    const watch = daemon.begin(root, ['links', '--watch']);
    await watch.printed(/mallory/);
    link.kill('SIGKILL');
    await link.finished;
    await watch.printed(/gone/);
    watch.kill();
    const { status, stderr } = await daemon.cli(mallory, ['whoami']);
    expect(status).toBe(3);
    expect(stderr).toBe(
      "latchkey: this login has ended: its link has stopped or its token was revoked; to log in again, run 'latchkey login', or 'latchkey link' on the server's host\n",
    );
    const again = await daemon.link(mallory);
    expect(again.stderr).not.toContain('another login');
    expect((await daemon.cli(mallory, ['whoami'])).status).toBe(0);
  });

  test('says on a terminal that it runs in the background, with --run before or after the command', async () => {
    using screen = new Screen(alice, { columns: 120 });
    screen.enter(`clear; ${program()} --run ${daemon.runFolder} link --daemon; echo ended with $?`);
    await screen.shows({
      header: /^latchkey link: your link daemon runs in the background, .*'latchkey links' shows it$/,
      lines: [/shows it$/, /^ended with 0/],
    });
    expect(await daemon.cli(alice, ['link', '--daemon'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('says on a terminal that it waits for the server', async () => {
    using screen = new Screen(mallory, { columns: 120 });
    process.kill(daemon.pid, 'SIGSTOP');
    try {
      const written = await screen.written(() => {
        screen.enter(`clear; ${program()} link --run ${daemon.runFolder}`);
        return screen.shows({ header: /^latchkey link: waiting for the server … \d+ s$/ });
      });
      expect(written).toContain('latchkey link: waiting for the server … 1 s');
    } finally {
      process.kill(daemon.pid, 'SIGCONT');
    }
    await screen.shows({ header: /^latchkey link: mallory is logged in/, no: 'waiting' });
  });
});

test(
  'a server on any free port is found, and found again on another port after a restart',
  needs('world'),
  async () => {
    await using moving = await TestDaemon.start({ config: { api: { listen: '127.0.0.1:0' } } });
    const { address } = moving.serverFile;
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(moving.log).toContain(address);
    const watch = moving.begin(root, ['tokens', '--watch']);
    await watch.printed(/root/);
    await moving.end('SIGKILL');
    await watch.printed(/trying again/, 'stderr');
    await moving.serve();
    expect(moving.serverFile.address).not.toBe(address);
    await watch.printed(/watching again/, 'stderr');
    watch.kill();
    expect((await latchkey(root, ['whoami', '--run', moving.runFolder]).finished).stdout).toContain(
      moving.serverFile.address,
    );
  },
);
