/** Two users on one host: each runs programs as itself, and has no access to those of the other. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, bob, carol, mallory, type Run, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;
let aliceLink: Run;
let malloryLink: Run;

describe('two accounts in system mode', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start({ config: { roles: { manager: { groups: ['latchkey-managers'] } } } });
    aliceLink = await daemon.link(alice);
    malloryLink = await daemon.link(mallory);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('a program runs as its user, and its exit status is passed on (F10, F15)', async () => {
    const run = await daemon.cli(alice, ['start', '--', 'sh', '-c', 'id -un; exit 7']);
    expect(run).toMatchObject({ stdout: 'alice\n', stderr: '', status: 7 });
  });

  test('standard error, arguments, environment, folder and input arrive as they were given', async () => {
    const script = 'printf "%s|%s|%s|" "$1" "$GREETING" "$PWD"; cat; echo problem >&2';
    const run = await daemon.cli(
      alice,
      [
        'start',
        '--env',
        'GREETING=good day',
        '--dir',
        '/usr',
        '--stdin',
        '--',
        'sh',
        '-c',
        script,
        'sh',
        '* "two" $HOME',
      ],
      { input: 'from outside' },
    );
    expect(run).toMatchObject({
      status: 0,
      stdout: '* "two" $HOME|good day|/usr|from outside',
      stderr: 'problem\n',
    });
  });

  test('JSON given as stdin is the first line of input', async () => {
    const run = await daemon.cli(alice, ['start', '--stdin-json', '{"a":[1,"ü"]}', '--', 'cat']);
    expect(JSON.parse(run.stdout)).toEqual({ a: [1, 'ü'] });
  });

  test("the environment is the user's own and has nothing of the server's", async () => {
    const { stdout } = await daemon.cli(alice, ['start', '--', 'env']);
    const environment = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s, 2)),
    );
    expect(environment).toMatchObject({
      HOME: alice.home,
      USER: 'alice',
      LOGNAME: 'alice',
      SHELL: '/bin/sh',
    });
    expect(Object.keys(environment).filter((name) => /^(NODE_|XDG_CONFIG|TEST_)/.test(name))).toEqual([]);
  });

  for (const [signal, status] of Object.entries({ TERM: 143, KILL: 137, INT: 130 })) {
    test(`a program ended by SIG${signal} ends the command with ${status}`, async () => {
      const run = await daemon.cli(alice, ['start', '--', 'sh', '-c', `kill -${signal} $$`]);
      expect(run.status).toBe(status);
    });
  }

  test('a missing program gives one clear line and status 255', async () => {
    const run = await daemon.cli(alice, ['start', '--', 'no-such-program']);
    expect(run.status).toBe(255);
    expect(run.stderr).toMatch(/^latchkey: .*no-such-program.*\n$/);
  });

  test("other users' sessions, tokens and links cannot be seen, read, signalled or ended (F29)", async () => {
    const started = await daemon.cli(alice, [
      'start',
      '--detach',
      '--',
      'sh',
      '-c',
      'echo secret; sleep 600',
    ]);
    const id = started.stdout.trim();
    const mine = await daemon.as(mallory).sessions('--all');
    expect(mine.map((session) => session.id)).not.toContain(id);
    for (const argv of [
      ['show', id],
      ['read', id],
      ['signal', id, 'KILL'],
      ['end', id],
    ]) {
      const answer = await daemon.cli(mallory, ['sessions', ...argv]);
      expect(answer, argv.join(' ')).toMatchObject({ status: 5, stdout: '' });
    }
    expect(await daemon.cli(mallory, ['attach', id])).toMatchObject({ status: 255, stdout: '' });
    const tokens = await daemon.as(alice).tokens();
    expect(new Set(tokens.map((token) => token.login))).toEqual(new Set(['alice']));
    const [hers] = tokens;
    expect((await daemon.cli(mallory, ['tokens', 'revoke', hers?.jti ?? ''])).status).toBe(5);
    const hersToo = await daemon.as(alice).links();
    expect(hersToo).toMatchObject([{ linuxUser: 'alice' }]);
    expect(await daemon.as(mallory).links()).toMatchObject([{ linuxUser: 'mallory' }]);
    const stop = await daemon.cli(mallory, ['links', 'stop', hersToo[0]?.socket ?? '']);
    expect(stop).toMatchObject({ status: 5, stdout: '' });
    expect((await daemon.as(alice).session(id)).state).toBe('running');
    expect((await daemon.cli(alice, ['sessions', 'end', id])).status).toBe(0);
  });

  test("a manager lists and ends everybody's, and cannot read their output (F28)", async () => {
    const link = await daemon.link(bob);
    const id = (await daemon.cli(alice, ['start', '--detach', '--', 'sleep', '600'])).stdout.trim();
    const all = await daemon.as(bob).sessions();
    expect(all.map((session) => session.id)).toContain(id);
    expect((await daemon.cli(bob, ['sessions', 'read', id])).status).toBe(4);
    expect((await daemon.cli(bob, ['attach', id])).status).toBe(255);
    expect((await daemon.cli(bob, ['sessions', 'end', id])).status).toBe(0);
    const ones = [await daemon.link(mallory, '--print-token'), await daemon.link(mallory, '--print-token')];
    const links = await daemon.as(bob).links('--filter', 'MALLORY', '--sort', 'created_at desc');
    expect(new Set(links.map(({ linuxUser }) => linuxUser))).toEqual(new Set(['mallory']));
    const [stopped, revoked] = links;
    const tokens = await daemon.as(bob).tokens();
    expect(tokens.map(({ jti }) => jti)).toEqual(expect.arrayContaining([stopped?.jti, revoked?.jti]));
    expect((await daemon.cli(bob, ['links', 'stop', stopped?.socket ?? ''])).status).toBe(0);
    expect((await daemon.cli(bob, ['tokens', 'revoke', revoked?.jti ?? ''])).status).toBe(0);
    for (const one of ones) expect(await one.finished).toMatchObject({ signal: null });
    link.kill();
    await link.finished;
  });

  test('the output is in a file that its user owns', async () => {
    const id = (await daemon.cli(alice, ['start', '--detach', '--', 'echo', 'kept'])).stdout.trim();
    await daemon.cli(alice, ['attach', id]);
    const file = join(
      alice.home,
      '.local/state/latchkey',
      daemon.serverFile.serverId,
      'sessions',
      id,
      'output',
    );
    expect(readFileSync(file, 'utf8')).toBe('kept\n');
    expect(statSync(file)).toMatchObject({ uid: alice.uid });
    expect(statSync(file).mode & 0o077).toBe(0);
    const read = await daemon.cli(alice, ['sessions', 'read', id, '--offset', '2']);
    expect(read.stdout).toBe('pt\n');
  });

  test('an account without a login shell gets no link', async () => {
    const run = await daemon.cli(carol, ['link']);
    expect(run.status).toBe(4);
    expect(run.stderr).toMatch(/shell/);
  });

  test('root has no link unless the configuration names it', async () => {
    const run = await daemon.cli(root, ['link']);
    expect(run.status).toBe(4);
  });

  test("the administrator of the host lists and revokes everybody's tokens without logging in (A8)", async () => {
    const tokens = await daemon.as(root).tokens();
    expect(tokens.map((token) => token.login)).toEqual(expect.arrayContaining(['alice', 'mallory', 'root']));
    const hers = tokens.find((token) => token.login === 'mallory');
    const revoked = await daemon.cli(root, ['tokens', 'revoke', hers?.jti ?? '']);
    expect(revoked.status).toBe(0);
    expect(await malloryLink.finished).toMatchObject({ signal: null });
    expect((await daemon.cli(mallory, ['whoami'])).status).toBe(3);
    expect((await daemon.cli(alice, ['whoami'])).status).toBe(0);
    expect(aliceLink.child.exitCode).toBe(null);
  });
});
