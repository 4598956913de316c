/**
 * Receipts, compared with the truth that root sees: under links that lie, are stopped, are out of
 * descriptors, are slow or are killed meanwhile, and by a server that sees no processes, has no descriptors
 * or has a full disk. What a receipt names as ended has ended, and what still runs it names.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dora, mallory, root, service } from '../../support/account.ts';
import { emptyDisk, fillDisk } from '../../support/disk/fill-disk.ts';
import { processesOf } from '../../support/host/truth.ts';
import type { Lie } from '../../support/link/lying-link.ts';
import {
  begin,
  cleanUp,
  compared,
  daemon,
  end,
  exhaust,
  hideProcesses,
  kill,
  killAll,
  learnSockets,
  OpenConnection,
  PEOPLE,
  prepare,
  type Running,
  serve,
  untruths,
} from '../../support/link/receipt-world.ts';
import { needs } from '../../support/needs.ts';
import type { Receipt } from '../../support/server/caller.ts';

beforeAll(prepare);
afterEach(cleanUp);
afterAll(() => {
  console.log(`${compared} receipts were compared with the truth`);
});

interface Trouble {
  readonly lie?: Lie;
  /** Done to a link before something is ended, or meanwhile. */
  readonly before?: (running: Running) => void;
  readonly during?: (running: Running) => void;
}

/** Ways in which a link is of no use. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'is honest': {},
  'is stopped': { before: ({ link }) => process.kill(link, 'SIGSTOP') },
  'is killed': { before: ({ link }) => process.kill(link, 'SIGKILL') },
  'is killed meanwhile': { during: ({ link }) => kill(link) },
  'is stopped meanwhile': { during: ({ link }) => kill(link, 'SIGSTOP') },
  'is out of descriptors': { before: ({ link, account }) => exhaust(link, account) },
  'says that sessions have ended': { lie: 'ended' },
  'names a keeper of somebody else': { lie: 'foreign keeper' },
  'names a keeper that does not exist': { lie: 'absent keeper' },
  'names another keeper later on': { lie: 'changed keeper' },
  'names one keeper for everything': { lie: 'same keeper' },
  'reports exits that are none': { lie: 'exited' },
  'fails as if the server had': { lie: 'error' },
  'names survivors of somebody else': { lie: 'foreign survivors' },
  'does not answer': { lie: 'silent' },
  'says that it has stopped': { lie: 'stopped' },
  'is slow': { lie: 'slow' },
};

/** The ways to end things of somebody. */
const ENDINGS: Readonly<Record<string, (running: Running) => string[]>> = {
  revoke: ({ account }) => ['tokens', 'revoke', '--login', account.name],
  'revoke with sessions': ({ account }) => ['tokens', 'revoke', '--login', account.name, '--end-sessions'],
  'end sessions': ({ programs }) => ['sessions', 'end', '--grace', '0.2', ...programs.keys()],
  'end sessions of the login': ({ account }) => [
    'sessions',
    'end',
    '--grace',
    '0.2',
    '--login',
    account.name,
  ],
};

/**
 * Ends things of four people at once, each under the same trouble; returns what is untrue of the receipts.
 */
async function round(trouble: string): Promise<string[]> {
  const { lie, before, during } = TROUBLES[trouble] ?? {};
  const running = await Promise.all(
    PEOPLE.map((account) => begin(account, { sessions: 2, ...(lie && { lie }) })),
  );
  await learnSockets();
  for (const theirs of running) before?.(theirs);
  const wrong: string[] = [];
  await Promise.all(
    Object.entries(ENDINGS).map(async ([name, argv], at) => {
      const theirs = running[at];
      if (theirs === undefined) return;
      const most = processesOf(theirs.account).length;
      const ending = end(...argv(theirs)).catch((error: unknown) => String(error));
      setTimeout(() => during?.(theirs), 10 * at);
      const printed = await ending;
      const found = typeof printed === 'string' ? [printed] : untruths(printed, theirs, most);
      wrong.push(...found.map((text) => `${name}, ${trouble}: ${text}`));
    }),
  );
  const again = await Promise.all(
    running.map(async (theirs) => {
      const printed = await end('tokens', 'revoke', '--login', theirs.account.name);
      return untruths(printed, theirs).map((text) => `the next receipt, ${trouble}: ${text}`);
    }),
  );
  killAll();
  return [...wrong, ...again.flat()];
}

describe('a receipt', needs('world', 'sudo'), () => {
  test.for(Object.keys(TROUBLES))(
    'says no more than was seen when the link %s (X1)',
    { timeout: 120_000 },
    async (trouble) => {
      await serve();
      expect(await round(trouble)).toEqual([]);
      expect(daemon.log).not.toMatch(/"level":(50|"error")/);
      expect(daemon.log).not.toContain('pay \u001b');
    },
  );

  test('has no command that ends what only a link has named (X1)', async () => {
    await serve();
    const theirs = await begin(mallory, { lie: 'foreign survivors' });
    const argv = ['sessions', 'end', '--grace', '0.2', '--local-admin', ...theirs.programs.keys()];
    const { status, stdout } = await daemon.cli(root, argv);
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: expect.stringMatching(
        /^ {2}pid 1 {2}root {2}\S*init {2}could not be ended, as its link says$/m,
      ),
    });
    expect(stdout).not.toContain('kill -KILL');
  });

  test('says so when the server sees no processes, and a stopped link is still running (X1)', async () => {
    await serve();
    using _ = hideProcesses();
    const theirs = await begin(mallory);
    await learnSockets();
    process.kill(theirs.link, 'SIGSTOP');
    const argv = ['tokens', 'revoke', '--login', 'mallory', '--local-admin'];
    for (const _ of [1, 2]) {
      const { status, stdout } = await daemon.cli(root, argv);
      expect(stdout).toMatch(new RegExp(`^Still running:\\n[^]*pid ${theirs.link}\\b[^]*\\nEnded `));
      expect(stdout).toContain([...theirs.programs.keys()][0]);
      if (_ === 1)
        expect({ status, stdout }).toMatchObject({
          status: 1,
          stdout: expect.stringMatching(/could not be ended/),
        });
    }
    kill(theirs.link);
    await expect
      .poll(async () => (await daemon.cli(root, argv)).stdout, { timeout: 10_000 })
      .not.toContain(`pid ${theirs.link}`);
    for (const trouble of ['is killed meanwhile', 'says that sessions have ended'])
      expect(await round(trouble)).toEqual([]);
  });

  test('says no more than a server without descriptors has seen (X1)', async () => {
    await serve();
    const wrong: string[] = [];
    for (const lie of [undefined, 'ended', 'stopped'] as const) {
      const both = [await begin(mallory, lie && { lie }), await begin(dora, lie && { lie })];
      await learnSockets();
      using connection = new OpenConnection();
      await connection.open();
      exhaust(daemon.pid, service);
      const receipts = [await connection.revoke(mallory, true), await connection.endSessions(dora)];
      for (const [at, receipt] of receipts.entries()) {
        const theirs = both[at];
        if (typeof receipt === 'string' || theirs === undefined) continue; // refused
        const status = receipt.survivors.length > 0 ? 1 : 0;
        wrong.push(...untruths({ status, receipt: receipt as Receipt }, theirs));
      }
      killAll();
      await daemon.end('SIGKILL');
      await daemon.serve();
    }
    expect(wrong).toEqual([]);
  });

  test('says no more than was seen on a full disk (X1)', async () => {
    const state = '/mnt/small';
    execFileSync('mkdir', ['-p', state]);
    execFileSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=64m,mode=700,uid=${service.uid},gid=${service.uid}`,
      'small',
      state,
    ]);
    const wrong: string[] = [];
    for (const [name, argv] of Object.entries(ENDINGS)) {
      await serve({ state: join(state, `${compared}`) });
      const theirs = await begin(mallory, { sessions: 2 });
      await learnSockets();
      fillDisk(state);
      const printed = await end(...argv(theirs)).catch((error: unknown) => String(error));
      if (typeof printed !== 'string') wrong.push(...untruths(printed, theirs));
      else if (!printed.includes('STORE_UNAVAILABLE')) wrong.push(`${name}: ${printed}`);
      killAll();
      await daemon.end('SIGKILL');
      emptyDisk(state);
    }
    expect(wrong).toEqual([]);
    execFileSync('umount', [state]);
  });
});
