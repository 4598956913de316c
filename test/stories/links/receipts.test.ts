/**
 * Receipts, compared with the truth that root sees: under links that lie, are stopped, are out of
 * descriptors, are slow or are killed meanwhile, and by a server that sees no processes, has no descriptors
 * or has a full disk. What a receipt names as ended has ended, and what still runs it names.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sessionsOfLogin } from '../../../src/client/session-selection.ts';
import { tokensOfLogin } from '../../../src/client/token-selection.ts';
import { EndSessionRequest, EndSessionResponse } from '../../../src/generated/latchkey/v1/session.ts';
import { RevokeTokensRequest, RevokeTokensResponse } from '../../../src/generated/latchkey/v1/token.ts';
import {
  type Account,
  alice,
  bob,
  dora,
  mallory,
  type Run,
  root,
  runAs,
  service,
} from '../../support/account.ts';
import { emptyDisk, fillDisk } from '../../support/disk/fill-disk.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { processesOf } from '../../support/host/truth.ts';
import type { Lie } from '../../support/link/lying-link.ts';
import { needs } from '../../support/needs.ts';
import { node, program } from '../../support/program.ts';
import type { Receipt } from '../../support/server/caller.ts';
import { type DaemonOptions, TestDaemon } from '../../support/server/daemon.ts';
import { Rpc } from '../../support/server/rpc.ts';

const LIAR = '/mnt/lying-link.mjs';
const PEOPLE = [alice, mallory, bob, dora];

let daemon: TestDaemon;
/** Number of receipts that were compared with the truth. */
let compared = 0;
let lastSleep = 600_000;

async function serve(options: DaemonOptions = {}): Promise<void> {
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, ...options });
}

/** A person's link, and the programs of their sessions by session id. */
interface Running {
  readonly account: Account;
  /** Pid of the link's process. */
  readonly link: number;
  /** The command lines of the sessions' programs. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Starts a link, real or lying, and sessions through it. */
async function begin(
  account: Account,
  { lie, sessions = 1 }: { lie?: Lie; sessions?: number } = {},
): Promise<Running> {
  const run = lie === undefined ? await daemon.link(account) : await lyingLink(account, lie);
  const env = lie === undefined ? {} : { LATCHKEY_TOKEN: run.stdout.split('\n')[0] };
  const programs = new Map<string, string>();
  for (let count = 0; count < sessions; count += 1) {
    const command = `sleep ${lastSleep++}`;
    const argv = ['start', '--detach', '--', ...command.split(' ')];
    const { stdout, stderr, status } = await daemon.cli(account, argv, { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    programs.set(stdout.trim(), command);
  }
  return { account, link: run.child.pid ?? 0, programs };
}

const liars: Run[] = [];

async function lyingLink(account: Account, lie: Lie): Promise<Run> {
  const run = runAs(account, [node(), LIAR, daemon.runFolder, lie]);
  liars.push(run);
  await run.printed(/^registered$/m);
  return run;
}

interface Printed {
  readonly status: number | null;
  readonly receipt: Receipt;
}

/** Runs a command of root that ends something. */
async function end(...argv: string[]): Promise<Printed> {
  const [verb = '', ...rest] = argv;
  const { status, stdout, stderr } = await daemon.cli(root, [verb, '--json', '--local-admin', ...rest]);
  if (!stdout.startsWith('{')) throw new Error(`no receipt of ${argv.join(' ')}: ${status} ${stderr}`);
  return { status, receipt: (JSON.parse(stdout) as { receipt: Receipt }).receipt };
}

/** Compares a receipt with the truth about somebody; returns what is not true of it. */
function untruths(
  { receipt, status }: Printed,
  { account, link, programs }: Running,
  most = Infinity,
): string[] {
  compared += 1;
  const wrong: string[] = [];
  if (receipt.processes > most)
    wrong.push(`${receipt.processes} of ${most} processes are said to have ended`);
  const theirs = processesOf(account);
  const named = [...receipt.survivors, ...receipt.stillRunning];
  for (const [id, command] of programs) {
    if (!theirs.some((one) => isProgram(one.command, command))) continue;
    if (receipt.sessions.includes(id)) wrong.push(`${command} runs, and its session is said to have ended`);
    if (!named.some(({ sessionId }) => sessionId === id)) wrong.push(`${command} runs, and is not named`);
  }
  if (theirs.some(({ pid }) => pid === link)) {
    const socket = socketOf.get(link) ?? '';
    if (receipt.links.includes(socket)) wrong.push(`link ${link} runs, and is said to have ended`);
    const pids = [
      ...receipt.survivors.map(({ pid }) => pid),
      ...receipt.stillRunning.flatMap(({ pids }) => pids),
    ];
    if (!pids.includes(link)) wrong.push(`link ${link} runs, and is not named`);
  }
  const foreign = receipt.survivors.filter(({ pid }) => pid === 1);
  for (const { linuxUser } of foreign) if (linuxUser !== 'root') wrong.push('process 1 is said to be theirs');
  if (receipt.survivors.length > 0 !== (status === 1)) wrong.push(`exit status ${status}`);
  return wrong;
}

/**
 * True for the process of a program, which a link starts by its path; its keeper has it among its arguments.
 */
function isProgram(shown: string, command: string): boolean {
  return shown.replace(/^\/\S*\//, '') === command;
}

/** Sockets of links by pid. */
const socketOf = new Map<number, string>();

async function learnSockets(): Promise<void> {
  for (const { pid, socket } of await daemon.as(root).links('--local-admin')) socketOf.set(pid, socket);
}

/** Sends a signal to a process that may have ended. */
function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

/** Ends everything that people run. */
function killAll(): void {
  for (const { pid } of PEOPLE.flatMap((account) => processesOf(account))) kill(pid);
}

/** Lets a process of an account open no more descriptors. */
function exhaust(pid: number, { uid }: Account): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (open.has(free)) free += 1;
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${free}:${free}`], { uid, gid: uid });
}

/** Hides the processes of others from everybody but root, until it is disposed of. */
function hideProcesses(): Disposable {
  const remount = (value: number): void =>
    void execFileSync('mount', ['-o', `remount,hidepid=${value}`, '/proc']);
  remount(2);
  return { [Symbol.dispose]: () => remount(0) };
}

beforeAll(() => {
  install();
  buildSync({
    entryPoints: [join(import.meta.dirname, '../../support/link/lying-link.ts')],
    outfile: LIAR,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});
afterEach(async () => {
  killAll();
  await daemon?.[Symbol.asyncDispose]();
});
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

/** Receipts by gRPC, with the members that are compared. */
type Compared = Pick<Receipt, 'sessions' | 'links' | 'survivors' | 'stillRunning'>;

/** Ends things of somebody by calls of the administrator over a connection that is open already. */
class OpenConnection implements Disposable {
  readonly #rpc = new Rpc(daemon.serverFile);
  readonly #token = readFileSync(join(daemon.runFolder, 'token'), 'utf8').trim();

  /** Makes a first call. */
  async open(): Promise<void> {
    expect(await this.#rpc.unary('/latchkey.v1.AuthService/WhoAmI', undefined, this.#token)).toMatchObject({
      code: 0,
    });
  }

  async revoke({ name }: Account, endSessions: boolean): Promise<Compared | string> {
    const request = RevokeTokensRequest.fromPartial({ selection: tokensOfLogin(name), endSessions });
    const { code, message, response } = await this.#rpc.unary(
      '/latchkey.v1.TokenService/RevokeTokens',
      RevokeTokensRequest.encode(request).finish(),
      this.#token,
    );
    return code === 0 && response ? (RevokeTokensResponse.decode(response).receipt ?? 'none') : message;
  }

  async endSessions({ name }: Account): Promise<Compared | string> {
    const request = EndSessionRequest.fromPartial({
      selection: sessionsOfLogin(name),
      grace: { seconds: 0 },
    });
    const { code, message, response } = await this.#rpc.unary(
      '/latchkey.v1.SessionService/EndSession',
      EndSessionRequest.encode(request).finish(),
      this.#token,
    );
    return code === 0 && response ? (EndSessionResponse.decode(response).receipt ?? 'none') : message;
  }

  [Symbol.dispose](): void {
    this.#rpc[Symbol.dispose]();
  }
}

/** Starts a session and logs its owner out again, so that nobody looks after it. */
async function beginWithoutLink(account: Account): Promise<Running> {
  const running = await begin(account);
  const { receipt } = await end('tokens', 'revoke', '--login', account.name);
  expect(receipt).toMatchObject({ keptSessions: [...running.programs.keys()] });
  await expect.poll(() => processesOf(account).some(({ pid }) => pid === running.link)).toBe(false);
  return running;
}

const sleepsOf = (account: Account): string[] =>
  processesOf(account).flatMap(({ command }) => /^\/usr\/bin\/(sleep 60\d{4})$/.exec(command)?.[1] ?? []);

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

describe('throwing somebody out', needs('world', 'sudo'), () => {
  test('lists the programs of tokens revoked earlier, with the commands that end them', async () => {
    await serve();
    const { programs } = await beginWithoutLink(alice);
    const [id = '', command] = [...programs][0] ?? [];
    await daemon.link(alice);
    const { status, stdout } = await daemon.cli(root, [
      'tokens',
      'revoke',
      '--login',
      'alice',
      '--local-admin',
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^Still running:\\n {2}session {2}${id} {2}alice {2}pid \\d+ {2}${command}\\n`),
    );
    expect(stdout).toContain(`To end it:\n  latchkey sessions end ${id}\nEnded 1 token and 1 link in `);
    expect(stdout).not.toContain('No process is left');
    expect(stdout).toMatch(/\nVerified by: the server\.\n$/);
  });

  test('ends the sessions of somebody without a link, several at once, also of a locked account', async () => {
    await serve();
    const { programs } = await beginWithoutLink(mallory);
    const more = await beginWithoutLink(mallory);
    const ids = [...programs.keys(), ...more.programs.keys()];
    execFileSync('usermod', ['--lock', '--expiredate', '1', 'mallory']);
    try {
      const ended = await end('sessions', 'end', ...ids, 'never');
      expect(ended).toMatchObject({ status: 5, receipt: { sessions: ids, survivors: [], processes: 2 } });
      expect(ended.receipt.stillRunning).toEqual([]);
      expect(sleepsOf(mallory)).toEqual([]);
      expect(processesOf(mallory)).toEqual([]); // no keeper, no link
      const sessions = await daemon.as(root).sessions('--local-admin', '--login', 'mallory');
      expect(sessions.map(({ state, exitStatus }) => [state, exitStatus])).toEqual([
        ['ended', 143],
        ['ended', 143],
      ]);
    } finally {
      execFileSync('usermod', ['--unlock', '--expiredate', '', 'mallory']);
    }
  });

  test('ends the tokens and all sessions in one act', async () => {
    await serve();
    await beginWithoutLink(mallory);
    await begin(mallory);
    const ended = await end('tokens', 'revoke', '--login', 'mallory', '--end-sessions');
    expect(ended).toMatchObject({
      status: 0,
      receipt: { survivors: [], stillRunning: [], keptSessions: [] },
    });
    expect(ended.receipt.sessions).toHaveLength(2);
    expect(processesOf(mallory)).toEqual([]);
    await beginWithoutLink(mallory);
    const again = await end('sessions', 'end', '--login', 'mallory');
    expect(again).toMatchObject({ status: 0, receipt: { jtis: [], survivors: [], stillRunning: [] } });
    expect(again.receipt.sessions).toHaveLength(1);
  });

  test('names a link that could not be ended until it is gone, also after a restart of the server', async () => {
    await serve();
    const { link } = await begin(mallory, { sessions: 0 });
    process.kill(link, 'SIGSTOP');
    const stopped = await end('tokens', 'revoke', '--login', 'mallory');
    expect(stopped).toMatchObject({ status: 1, receipt: { links: [], survivors: [{ pid: link }] } });
    await daemon.end('SIGKILL');
    await daemon.serve();
    const next = await end('tokens', 'revoke', '--login', 'mallory');
    expect(next.receipt.stillRunning).toMatchObject([{ linuxUser: 'mallory', pids: [link] }]);
    kill(link);
    await expect
      .poll(async () => (await end('tokens', 'revoke', '--login', 'mallory')).receipt.stillRunning, {
        timeout: 20_000,
      })
      .toEqual([]);
    expect(readdirSync(join(daemon.runFolder, 'links'))).toEqual([]);
  });

  test('says what it cannot end of a deleted account', async () => {
    await serve();
    const { programs } = await beginWithoutLink(dora);
    const accounts = readFileSync('/etc/passwd', 'utf8');
    writeFileSync('/etc/passwd', accounts.replace(/^dora:.*\n/m, ''));
    try {
      const ended = await end('sessions', 'end', '--login', 'dora');
      expect(ended).toMatchObject({ status: 1, receipt: { sessions: [], verifiedBy: null } });
      expect(ended.receipt.stillRunning).toMatchObject([{ sessionId: [...programs.keys()][0] }]);
      expect(sleepsOf(dora)).toEqual([...programs.values()]);
    } finally {
      writeFileSync('/etc/passwd', accounts);
    }
  });
});

test.each([
  ['sessions', 'show', 'a', 'b'],
  ['tokens', 'show', 'a', 'b'],
  ['links', 'stop', 'a', 'b'],
  ['sessions', 'signal', 's1', 's2', 'TERM'],
  ['sessions', 'read', 'a', 'b'],
  ['sessions', 'end'],
  ['sessions', 'end', 'a', '--login', 'b'],
])('a command never does with fewer ids than it is given: %s %s %s %s', async (...argv) => {
  const { status, stdout } = await runAs(root, [program(), ...argv], {}).finished;
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
