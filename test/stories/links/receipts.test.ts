/**
 * Receipts, compared with the truth that root sees: under links that lie, are stopped, are out of
 * descriptors, are slow or are killed meanwhile, and by a server that sees no processes, has no descriptors
 * or has a full disk. What a receipt names as ended has ended, and what still runs it names.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { dora, mallory, root, service } from '../../support/account.ts';
import { OpenCaller } from '../../support/clients/open-caller.ts';
import { emptyDisk, fillDisk } from '../../support/disk/fill-disk.ts';
import { processesOf } from '../../support/host/truth.ts';
import type { Lie } from '../../support/link/lying-link.ts';
import {
  begin,
  cleanUp,
  compared,
  daemon,
  type Ended,
  end,
  exhaust,
  hideProcesses,
  kill,
  killAll,
  learnSockets,
  PEOPLE,
  prepare,
  type Running,
  serve,
  untruths,
} from '../../support/link/receipt-world.ts';
import { needs } from '../../support/needs.ts';

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

const GRACE_MS = 200;

/** The ways to end things of somebody, one of them by the command line. */
const ENDINGS: Readonly<Record<string, (running: Running, administrator: OpenCaller) => Promise<Ended>>> = {
  revoke: async ({ account: { name: login } }, administrator) => ({
    receipt: await administrator.revoke({ login }),
  }),
  'revoke with sessions': async ({ account: { name: login } }, administrator) => ({
    receipt: await administrator.revoke({ login }, { endSessions: true }),
  }),
  'end sessions': async ({ programs }, administrator) => ({
    receipt: await administrator.endSessions({ ids: [...programs.keys()] }, GRACE_MS),
  }),
  'end sessions of the login': ({ account }) =>
    end('sessions', 'end', '--grace', `${GRACE_MS / 1000}`, '--login', account.name),
};

/** Returns the receipt, or the error. */
async function outcomeOf(ending: Promise<Ended>): Promise<Ended | string> {
  return ending.catch((error) =>
    error instanceof AppError ? `${error.reason}: ${error.message}` : String(error),
  );
}

/**
 * Ends things of four people at once, each under the same trouble; returns what is untrue of the receipts.
 */
async function round(trouble: string): Promise<string[]> {
  const { lie, before, during } = TROUBLES[trouble] ?? {};
  const running = await Promise.all(
    PEOPLE.map((account) => begin(account, { sessions: 2, ...(lie && { lie }) })),
  );
  await using administrator = await OpenCaller.open(daemon);
  await learnSockets(administrator);
  for (const theirs of running) before?.(theirs);
  const wrong: string[] = [];
  await Promise.all(
    Object.entries(ENDINGS).map(async ([name, act], at) => {
      const theirs = running[at];
      if (theirs === undefined) return;
      const most = processesOf(theirs.account).length;
      const ending = outcomeOf(act(theirs, administrator));
      setTimeout(() => during?.(theirs), 10 * at);
      const ended = await ending;
      const found = typeof ended === 'string' ? [ended] : untruths(ended, theirs, most);
      wrong.push(...found.map((text) => `${name}, ${trouble}: ${text}`));
    }),
  );
  const again = await Promise.all(
    running.map(async (theirs) => {
      const receipt = await administrator.revoke({ login: theirs.account.name });
      return untruths({ receipt }, theirs).map((text) => `the next receipt, ${trouble}: ${text}`);
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
    await using administrator = await OpenCaller.open(daemon);
    await learnSockets(administrator);
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
    const named = async (): Promise<number[]> => {
      const { survivors, stillRunning } = await administrator.revoke({ login: 'mallory' });
      return [...survivors.map(({ pid }) => pid), ...stillRunning.flatMap(({ pids }) => pids)];
    };
    await expect.poll(named, { timeout: 10_000 }).not.toContain(theirs.link);
    for (const trouble of ['is killed meanwhile', 'says that sessions have ended'])
      expect(await round(trouble)).toEqual([]);
  });

  test('says no more than a server without descriptors has seen (X1)', async () => {
    await serve();
    const wrong: string[] = [];
    for (const lie of [undefined, 'ended', 'stopped'] as const) {
      const both = [await begin(mallory, lie && { lie }), await begin(dora, lie && { lie })];
      await using administrator = await OpenCaller.open(daemon);
      await learnSockets(administrator);
      exhaust(daemon.pid, service);
      const asked = [
        () => administrator.revoke({ login: mallory.name }, { endSessions: true }),
        () => administrator.endSessions({ login: dora.name }, 0),
      ];
      const outcomes: (Ended | string)[] = [];
      for (const ask of asked) outcomes.push(await outcomeOf(ask().then((receipt) => ({ receipt }))));
      for (const [at, ended] of outcomes.entries()) {
        const theirs = both[at];
        if (typeof ended === 'string' || theirs === undefined) continue; // refused
        wrong.push(...untruths(ended, theirs));
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
    for (const [name, act] of Object.entries(ENDINGS)) {
      await serve({ state: join(state, `${compared}`) });
      const theirs = await begin(mallory, { sessions: 2 });
      await using administrator = await OpenCaller.open(daemon);
      await learnSockets(administrator);
      fillDisk(state);
      const ended = await outcomeOf(act(theirs, administrator));
      if (typeof ended !== 'string') wrong.push(...untruths(ended, theirs));
      else if (!ended.includes('STORE_UNAVAILABLE')) wrong.push(`${name}: ${ended}`);
      killAll();
      await daemon.end('SIGKILL');
      emptyDisk(state);
    }
    expect(wrong).toEqual([]);
    execFileSync('umount', [state]);
  });
});
