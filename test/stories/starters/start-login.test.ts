/** Starts where the server can start no link by itself: the person logs in over SSH for it (F18). */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/connect/connect.ts';
import { LoginPurpose } from '../../../src/generated/latchkey/v1/auth.ts';
import { type Account, alice, mallory } from '../../support/account.ts';
import { OpenCaller } from '../../support/clients/open-caller.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import type { Link, Token } from '../../support/server/caller.ts';
import { converse } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Rpc } from '../../support/server/rpc.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';
import { Screen } from '../../support/terminal/screen.ts';

const PORT = 2207;
const ALICE = 'Correct horse 7';
const MALLORY = 'Correct horse 8';

let sshd: TestSshd;
let daemon: TestDaemon;
let administrator: OpenCaller;

beforeAll(async () => {
  setPasswords({ alice: ALICE, mallory: MALLORY });
  sshd = await TestSshd.start(PORT);
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings }, links: { sudo: false } } });
  administrator = await OpenCaller.open(daemon);
  await login(alice, ALICE);
  await login(mallory, MALLORY);
});
afterAll(async () => {
  await administrator?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});
beforeEach(() => stopLinks(alice));

async function login(account: Account, password: string): Promise<void> {
  const run = await daemon.cli(account, ['login', '--answers-stdin'], { input: `${password}\n` });
  expect(run, daemon.log).toMatchObject({ status: 0 });
}

function linksOf({ name }: Account): Promise<readonly Link[]> {
  return administrator.links(name);
}

/** Stops all links of the account; its logins and its sessions stay. */
async function stopLinks(account: Account): Promise<void> {
  // One that ends meanwhile cannot be stopped.
  for (const { socket } of await linksOf(account)) await administrator.stopLink(socket).catch(() => {});
  expect(await linksOf(account)).toEqual([]);
}

async function tokensOf(account: Account): Promise<Token[]> {
  await using caller = await OpenCaller.open(daemon, daemon.storedToken(account));
  return await caller.tokens(); // before the connection closes
}

/** Returns the newest token of a login that started a link. */
async function startToken(account: Account): Promise<Token | undefined> {
  return (await tokensOf(account)).find(({ authMethod }) => authMethod === 'ssh-start');
}

/** Returns a file with a token, for --token-file. */
function tokenFile(token: string): string {
  const file = join(mkdtempSync('/mnt/token-'), 'token');
  writeFileSync(file, token, { mode: 0o644 });
  chmodSync(dirname(file), 0o755);
  return file;
}

/** Returns a command line of this server, for a shell. */
function line(...words: string[]): string {
  const [verb = '', ...rest] = words;
  return [program(), verb, '--run', daemon.runFolder, ...rest].join(' ');
}

const start = (account: Account, ...options: string[]) =>
  [account, ['start', ...options, '--', 'id', '-un']] as const;

describe('a start without a link daemon, where sudo is off', needs('world', 'sshd', 'tmux'), () => {
  test('on a terminal asks for the password, starts one over SSH, and goes on (F18)', async () => {
    using screen = new Screen(alice);
    const { token } = await daemon.as(alice).whoami();
    screen.enter(line('start', '--', 'sh', '-c', "'id -un; read line; echo got $line'"));
    await screen.shows(/alice has no link daemon on this host; log in as alice to start a link/);
    await screen.shows(/Password:/);
    screen.enter(ALICE);
    await screen.shows(/^alice$/);
    screen.enter('hello');
    await screen.shows(/^got hello/);
    expect(screen.view.text).not.toContain(ALICE);
    expect(await linksOf(alice)).toMatchObject([{ daemon: true, linuxUser: 'alice' }]);
    const child = await startToken(alice);
    expect(child).toMatchObject({ login: 'alice', linuxUser: 'alice', parentJti: token.jti, socket: null });
    expect(Date.parse(child?.expiresAt ?? '')).toBeLessThanOrEqual(Date.parse(token.expiresAt ?? ''));
    const [session] = await daemon.as(alice).sessions();
    expect(session?.jti).toBe(child?.jti);
    expect(await daemon.as(alice).token()).toEqual(token); // the stored one stays
    await expect.poll(() => sshd.log).toMatch(/Disconnected from user alice|Connection closed/);
    expect(daemon.log).toMatch(
      new RegExp(`"event":"issued".*"jti":"${child?.jti}","method":"ssh-start".*"parent":"${token.jti}"`),
    );
  });

  test('starts nothing when the person leaves the prompt', async () => {
    using screen = new Screen(alice);
    screen.enter(line('start', '--', 'id'));
    await screen.shows(/Password:/);
    screen.press('C-c');
    await screen.shows(/^latchkey: cancelled; nothing was started/);
    expect(await linksOf(alice)).toEqual([]);
  });

  test('without a terminal says what to do, and takes the password from standard input', async () => {
    const refused = await daemon.cli(...start(alice));
    expect(refused).toMatchObject({ status: 255, stdout: '' });
    expect(refused.stderr).toMatch(
      /^latchkey: alice has no link daemon .* latchkey links start .*--answers-stdin\)\n$/,
    );
    const both = await daemon.cli(...start(alice, '--answers-stdin', '--stdin'));
    expect([both.status, both.stderr]).toEqual([
      255,
      expect.stringContaining('standard input cannot have both'),
    ]);
    const input = `${ALICE}\n`;
    const links = await daemon.cli(alice, ['links', 'start', '--answers-stdin'], { input });
    expect(links, links.stderr).toMatchObject({
      status: 0,
      stdout: `${(await linksOf(alice))[0]?.socket}\n`,
    });
    await stopLinks(alice);
    const reads = ['start', '--answers-stdin', '--', 'sh', '-c', 'id -un; cat'];
    const run = await daemon.cli(alice, reads, { input: `${input}more\n` });
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: 'alice\n' });
    // With a link there is nothing to answer, and the program does not get the password either.
    expect(await daemon.cli(alice, reads, { input })).toMatchObject({
      status: 0,
      stdout: 'alice\n',
      stderr: '',
    });
  });

  test('a wrong password starts nothing', async () => {
    const run = await daemon.cli(...start(alice, '--answers-stdin'), { input: 'wrong\n' });
    expect(run).toMatchObject({ status: 255, stdout: '' });
    expect(run.stderr).toMatch(/login refused\n$/);
    expect(await linksOf(alice)).toEqual([]);
  });

  test('attaches to a session whose link daemon was lost, and the output goes on', async () => {
    const input = `${ALICE}\n`;
    await daemon.cli(alice, ['links', 'start', '--answers-stdin'], { input });
    const begun = await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', 'echo one; sleep 600']);
    const id = begun.stdout.trim();
    await stopLinks(alice);
    using screen = new Screen(alice);
    screen.enter(line('attach', id));
    await screen.shows(/Password:/);
    screen.enter(ALICE);
    await screen.shows(/^one$/);
    await daemon.cli(alice, ['sessions', 'end', id]);
    await screen.shows(/^\$ $|^\$$/);
  });
});

describe('a login to start a link', needs('world', 'sshd'), () => {
  const purpose = LoginPurpose.START;
  const tokenOf = (account: Account): string => daemon.storedToken(account);

  test('is what any client can do over the API, naming its Linux user or nobody (F18)', async () => {
    for (const name of ['', 'alice']) {
      const held = await converse(daemon, name, [ALICE], { purpose, token: tokenOf(alice) });
      expect(held).toMatchObject({ asked: [{ prompts: [{ text: 'Password: ' }] }] });
      using rpc = new Rpc(daemon.serverFile);
      const answer = await rpc.unary('/latchkey.v1.LinkService/StartLink', undefined, held.token);
      expect(answer).toMatchObject({ code: 0 });
      await stopLinks(alice);
    }
  });

  test('tells clients how, in the error of a start', async () => {
    await using client = await connect({ run: daemon.runFolder, env: {}, token: tokenOf(alice) });
    await expect(client.links.startLink({})).rejects.toMatchObject({
      reason: 'LINK_REQUIRED',
      details: { linuxUser: 'alice', startMethod: 'ssh' },
    });
  });

  test('is for the bound Linux user alone, asks nothing otherwise, and needs a token that is live', async () => {
    const admin = readFileSync(join(daemon.runFolder, 'token'), 'utf8').trim();
    const issued = await converse(daemon, 'mallory', [MALLORY]);
    const revoked = issued.token ?? '';
    await using holder = await OpenCaller.open(daemon, revoked);
    await administrator.revoke({ ids: [(await holder.token()).jti] });
    const cases: [string, string | undefined, string][] = [
      ['alice', tokenOf(mallory), 'PERMISSION_DENIED'],
      ['root', tokenOf(mallory), 'PERMISSION_DENIED'],
      ['mallory ', tokenOf(mallory), 'PERMISSION_DENIED'],
      ['#7002', tokenOf(mallory), 'PERMISSION_DENIED'],
      ['', admin, 'PERMISSION_DENIED'],
      ['alice', admin, 'PERMISSION_DENIED'],
      ['mallory', undefined, 'NOT_LOGGED_IN'],
      ['mallory', revoked, 'TOKEN_NOT_ACTIVE'],
    ];
    for (const [name, token, reason] of cases) {
      const held = await converse(daemon, name, [ALICE], { purpose, ...(token !== undefined && { token }) });
      expect([name, held.asked, held.reason]).toEqual([name, [], reason]);
    }
    expect(daemon.log).toMatch(
      /"method":"latchkey\.v1\.AuthService\/Login","reason":"PERMISSION_DENIED","login":"mallory"/,
    );
    expect(await linksOf(alice)).toEqual([]);
  });

  test('gives nothing when its token is revoked while the password is typed', async () => {
    const issued = await converse(daemon, 'alice', [ALICE]);
    const token = issued.token ?? '';
    const file = tokenFile(token);
    const before = await tokensOf(alice);
    const held = await converse(daemon, '', [ALICE], {
      purpose,
      token,
      beforeAnswer: async () => {
        const receipt = await daemon.as(alice).logout('--token-file', file);
        expect(receipt.milliseconds).toBeLessThan(5_000);
      },
    });
    expect(held).toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    expect(held.token).toBeUndefined();
    expect((await tokensOf(alice)).length).toBeLessThan(before.length);
  });

  test('counts failures like any login, and logs them with who asked', async () => {
    const guesses = Array.from({ length: 7 }, () => 'wrong');
    const held = await converse(daemon, '', guesses, { purpose, token: tokenOf(mallory) });
    expect(held).toMatchObject({ reason: 'LOGIN_REFUSED' });
    const next = await converse(daemon, 'mallory', [MALLORY]);
    expect(next).toMatchObject({ asked: [], reason: 'LIMIT_EXCEEDED' });
    const { jti } = await daemon.as(mallory).token();
    expect(daemon.log).toMatch(
      new RegExp(
        `"event":"refused".*"outcome":"refused".*"login":"mallory".*"by":"mallory","byJti":"${jti}"`,
      ),
    );
  });
});
