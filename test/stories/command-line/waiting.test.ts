/** The messages of the command line while it waits for a slow server: one that is stopped by SIGSTOP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Screen } from '../../support/terminal/screen.ts';

let daemon: TestDaemon;

/** Runs `work` while the server is stopped, then continues the server. */
async function whileStopped<Result>(work: () => Promise<Result>): Promise<Result> {
  process.kill(daemon.pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(daemon.pid, 'SIGCONT');
  }
}

describe('a call that takes longer than a second', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.for([
    ['whoami', 'waiting for the server … ', /^login +alice$/],
    ['tokens', 'waiting for the server … ', /^TOKEN /],
    ['start -- echo hello', 'waiting for your link … ', /^hello$/],
    ['login alice@', 'waiting for 127.0.0.1:', /^Password:/],
  ] as const)(
    'shows on a terminal what %s waits for, and clears it afterwards',
    async ([words, wait, result]) => {
      using screen = new Screen(alice, { columns: 60 });
      const written = await screen.written(() =>
        whileStopped(async () => {
          screen.enter(`clear; ${program()} --run ${daemon.runFolder} ${words}; echo ended with $?`);
          await screen.shows(/… ([2-9]|\d\d) s$/);
        }),
      );
      expect(written).toContain(wait);
      // A stop of 5 seconds on a busy host adds a line that stays.
      await screen.shows({ line: result, no: '…' });
    },
  );

  test('shows nothing to programs, nor with --quiet', async () => {
    using screen = new Screen(root);
    const quiet = `${program()} tokens --run ${daemon.runFolder} --quiet`;
    const piped = `${program()} tokens --run ${daemon.runFolder} --json | wc -l`;
    const run = daemon.begin(alice, ['whoami']);
    await whileStopped(async () => {
      screen.enter(`clear; (${quiet}) & (${piped}) & sleep 2.5; echo slept`);
      await screen.shows({ line: /^slept/, no: 'waiting' });
    });
    expect(await run.finished).toMatchObject({ status: 0, stderr: '' });
  });

  test('is abandoned by a completion after two seconds, which then offers nothing', async () => {
    await whileStopped(async () => {
      const completed = await daemon.begin(alice, ['complete', '--', 'tokens', 'show', '']).finished;
      expect(completed).toMatchObject({ status: expect.any(Number), stdout: '' });
      expect(completed.status).not.toBe(0);
    });
  });
});
