/** The command line in use: signals, pipelines, detaching and attaching, trust, hostile names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, mallory, type Run, root, runAs } from '../../support/account.ts';
import { withAnotherSignature } from '../../support/clients/changed-token.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Screen } from '../../support/terminal/screen.ts';

let daemon: TestDaemon;
let link: Run;

/** Runs a line of bash in which `$latchkey` is the program and `$run` the run folder. */
function shell(line: string, more: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const env = { latchkey: program(), run: daemon.runFolder, ...more };
  return runAs(alice, ['/bin/bash', '-c', line], { env }).finished;
}

describe('the command line', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    link = await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('^C goes to the program, and its exit status is passed on', async () => {
    const run = daemon.begin(alice, [
      'start',
      '--',
      'sh',
      '-c',
      'trap "exit 42" INT; echo on; while :; do sleep 0.1; done',
    ]);
    await run.printed(/on\n/);
    run.kill('SIGINT');
    expect(await run.finished).toMatchObject({ status: 42, stderr: '' });
  });

  test('^C twice leaves the program running, and says how to attach again', async () => {
    const script =
      'trap "echo kept on" INT; echo on; while ! [ -e go ]; do sleep 0.1; done; echo end; exit 5';
    const run = daemon.begin(alice, ['start', '--', 'sh', '-c', script]);
    await run.printed(/on\n/);
    run.kill('SIGINT');
    await run.printed(/kept on\n/);
    run.kill('SIGINT');
    const { status, stderr } = await run.finished;
    expect(status).toBe(255);
    const [, id = ''] = /attach again with 'latchkey attach (\w+)'\n$/.exec(stderr) ?? [];
    expect((await daemon.as(alice).session(id)).state).toBe('running');
    await shell('touch go');
    const again = await daemon.cli(alice, ['attach', id]);
    expect(again).toMatchObject({ status: 5, stdout: 'on\nkept on\nend\n' });
  });

  test('^\\ leaves a program running that any signal would end', async () => {
    const run = daemon.begin(alice, ['start', '--', 'sh', '-c', 'echo on; exec sleep 3000']);
    await run.printed(/on\n/);
    run.kill('SIGQUIT');
    const { status, stderr } = await run.finished;
    expect(status).toBe(255);
    const [, id = ''] = /attach again with 'latchkey attach (\w+)'\n$/.exec(stderr) ?? [];
    expect((await daemon.as(alice).session(id)).state).toBe('running');
    await daemon.cli(alice, ['sessions', 'end', id]);
  });

  test('SIGTERM ends the program of start, and leaves that of attach running', async () => {
    const script = 'echo on; exec sleep 3000';
    const id = (await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', script])).stdout.trim();
    const attached = daemon.begin(alice, ['attach', id]);
    await attached.printed(/on\n/);
    attached.kill('SIGTERM');
    const { status, stderr } = await attached.finished;
    expect({ status, stderr }).toEqual({
      status: 255,
      stderr: expect.stringContaining('left the session running'),
    });
    expect((await daemon.as(alice).session(id)).state).toBe('running');
    await daemon.cli(alice, ['sessions', 'end', id]);

    const started = daemon.begin(alice, ['start', '--', 'sh', '-c', script]);
    await started.printed(/on\n/);
    started.kill('SIGTERM');
    expect(await started.finished).toMatchObject({ status: 143, stderr: '' });
  });

  test('what is typed at a terminal reaches the program, and nothing is left for the shell', async () => {
    using screen = new Screen(alice);
    const script = 'while read line; do echo "got $line"; done; echo over';
    screen.enter(
      `clear; ${program()} start --run ${daemon.runFolder} -- sh -c '${script}'; echo ended with $?`,
    );
    screen.enter('exit');
    await screen.shows({ line: /^got exit$/ });
    screen.press('C-d');
    await screen.shows({ line: /^over$/ });
    await screen.shows({ line: /^ended with 0$/ });
    screen.enter(`clear; ${program()} start --run ${daemon.runFolder} --no-stdin -- cat; echo ended with $?`);
    await screen.shows({ line: /^ended with 0$/ });
  });

  test('a pipeline that stops reading ends the program without a message, as it ends local programs', async () => {
    const { stdout, stderr } = await shell(
      '"$latchkey" start --run "$run" yes | head -n 1; echo $PIPESTATUS',
    );
    expect([stdout, stderr]).toEqual(['y\n141\n', '']);
    await expect
      .poll(() => daemon.as(alice).sessions('--filter', 'yes'), { timeout: 10_000 })
      .toMatchObject([{ command: ['yes'], exitStatus: 141 }]);
  });

  test.for(['tokens --watch', 'tokens --watch --json', 'links --watch'])(
    '%s ends as soon as its output cannot be written',
    async (words) => {
      const { stdout, stderr } = await shell(
        `timeout 30 "$latchkey" ${words} --run "$run" >/dev/full; echo $?; timeout 30 "$latchkey" ${words} --run "$run" | true; echo $PIPESTATUS`,
      );
      expect(stdout).toBe('1\n141\n');
      expect(stderr).toMatch(/^latchkey: standard output cannot be written: ENOSPC.*\n$/);
    },
  );

  test.for([
    ['whoami --run "$run"', 0, /^login +alice/],
    ['tui --run "$run"', 2, /terminal/],
    ['tui --help', 0, /Usage: latchkey tui/],
    ['config show --config here.yaml', 78, /--config here.yaml: the working directory has been removed/],
    ['serve --config here.yaml', 78, /--config here.yaml: the working directory has been removed/],
    ['start --run "$run" -- pwd', 0, /^\/\S*alice$/],
  ] as const)('%s in a working directory that has been removed', async ([words, status, told]) => {
    const run = await shell(`mkdir gone; cd gone; rmdir ../gone; "$latchkey" ${words} 2>&1; echo $?`);
    expect(run.stdout).toMatch(new RegExp(`${told.source}[^]*^${status}\n$`, 'm'));
    expect(run.stdout).not.toMatch(/uv_cwd|please report/);
  });

  test('every byte arrives, in both directions', async () => {
    const made = await shell(
      'head -c 8000000 /dev/urandom > sent; "$latchkey" start --run "$run" cat < sent | cmp - sent && echo same',
    );
    expect(made).toMatchObject({ stdout: 'same\n', stderr: '' });
  });

  test('control characters in names do not reach the terminal', async () => {
    await daemon.cli(alice, ['start', '--', 'sh', '-c', 'exit 0', '\u001b]0;owned\u0007\u202e']);
    for (const argv of [['sessions'], ['sessions', '--json']]) {
      const stdout = (await daemon.cli(root, argv)).stdout.replaceAll('\n', ' ');
      expect(stdout).toContain('owned');
      expect(stdout).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
  });

  test('a watch shows what exists, then what changes', async () => {
    const run = daemon.begin(root, ['tokens', 'watch', '--json']);
    await run.printed(/"event":"complete"/);
    const theirs = await daemon.link(mallory);
    const [, jti = ''] = await run.printed(
      /"complete"[\s\S]*"event":"there","token":\{"jti":"([^"]+)","login":"mallory"/,
    );
    const receipt = await daemon.cli(root, ['tokens', 'revoke', jti]);
    expect(receipt.stdout).toMatch(
      /^Still running: no session and no link\.\nEnded 1 token and 1 link in \d+ ms\.\n/,
    );
    await run.printed(new RegExp(`"event":"gone","id":"${jti}"`));
    expect((await theirs.finished).status).not.toBe(null);
    run.kill('SIGTERM');
  });

  test('without a command it shows the status, and commands to run next', async () => {
    const { status, stdout, stderr } = await daemon.cli(alice, ['--no-color']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^server +\S+:\d+\nversion +\d.*\nyou +alice\nLinux user +alice\nrole +user\nexpires +.*\nlink +ready\n/,
    );
    expect(stdout).toMatch(/\nNext:\n {2}latchkey start -- COMMAND +run a program as alice\n/);
    expect(stdout).toMatch(/\n {2}latchkey logout +end this login\n/);
    const administrator = await daemon.cli(root, ['--no-color']);
    expect(administrator.stdout).toMatch(/role +admin\n[\s\S]*\n {2}latchkey tui +open the dashboard\n/);
    expect(administrator.stdout).not.toContain('logout'); // the local administrator's token is not a login
    const stranger = await daemon.cli(mallory, ['--no-color']);
    expect(stranger).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(stranger.stdout).toMatch(/you +not logged in\n\nNext:\n {2}latchkey login /);
    expect(await daemon.json(mallory, ['--no-color'])).toMatchObject({
      login: null,
      role: null,
      problem: expect.any(String),
    });
    expect((await daemon.cli(alice, ['frobnicate'])).status).toBe(2);
  });

  test('a server is trusted by its fingerprint and by nothing else (N3)', async () => {
    const { address } = daemon.serverFile;
    const [, fingerprint = ''] = /"fingerprint":"([0-9A-F:]+)"/.exec(daemon.log) ?? [];
    const asAnybody = async (command: string): Promise<string> =>
      (await runAs(mallory, [program(), command, '--run', daemon.runFolder]).finished).stdout;
    expect(await asAnybody('fingerprint')).toBe(`${fingerprint}\n`);
    expect(await asAnybody('ca')).toBe(`${daemon.serverFile.ca.trim()}\n`);
    const env = { XDG_CONFIG_HOME: join(mallory.home, 'fresh') };
    const trust = (...argv: string[]): Promise<Finished> =>
      runAs(mallory, [program(), 'trust', address, ...argv], { env }).finished;
    expect((await trust()).status).toBe(2);
    const other = fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    expect((await trust('--fingerprint', other)).status).toBe(6);
    expect(await trust('--fingerprint', fingerprint)).toMatchObject({ status: 0, stderr: '' });
    const kept = join(mallory.home, 'fresh/latchkey/servers', address.replace(':', '_'), 'ca.pem');
    expect(readFileSync(kept, 'utf8').trim()).toBe(daemon.serverFile.ca.trim());
  });

  test('a token is verified from standard input', async () => {
    const file = join(
      alice.home,
      '.config/latchkey/servers',
      daemon.serverFile.address.replace(':', '_'),
      'token',
    );
    const input = readFileSync(file, 'utf8');
    const good = await daemon.cli(root, ['tokens', 'verify'], { input });
    expect(good).toMatchObject({ status: 0, stdout: expect.stringMatching(/^active: /) });
    const bad = await daemon.cli(root, ['tokens', 'verify'], {
      input: `${withAnotherSignature(input.trim())}\n`,
    });
    expect(bad).toMatchObject({ status: 1, stdout: 'refused: TOKEN_INVALID\n' });
  });

  test('reading continues over a restart of the server, each byte once', async () => {
    const script = 'echo one; while ! [ -e restarted ]; do sleep 0.1; done; echo two';
    const id = (await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', script])).stdout.trim();
    const run = daemon.begin(alice, ['sessions', 'read', '--follow', id]);
    await run.printed(/one\n/);
    await daemon.end('SIGKILL');
    await daemon.serve();
    await shell('touch restarted');
    expect(await run.finished).toMatchObject({ status: 0, stdout: 'one\ntwo\n', stderr: '' });
  });

  test('a user whose login ends meanwhile is told how to attach again', async () => {
    const theirs = await daemon.link(mallory);
    const run = daemon.begin(mallory, ['start', '--', 'sh', '-c', 'echo on; sleep 60']);
    await run.printed(/on\n/);
    await daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    const { status, stderr } = await run.finished;
    expect(status).toBe(255);
    expect(stderr).toMatch(/attach again with 'latchkey attach \w+'\n.*run 'latchkey login'/);
    await theirs.finished;
  });

  test('logging out ends the login and its link, and removes the stored token', async () => {
    const id = (await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', 'sleep 3000'])).stdout.trim();
    const out = await daemon.cli(alice, ['logout']);
    expect(out).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Ended 1 token and 1 link/m) });
    expect(out.stdout).toMatch(
      new RegExp(`^Still running:\n {2}session {2}${id} {2}alice {2}pid [\\d, ]+ {2}sh -c`),
    );
    await daemon.cli(root, ['sessions', 'end', id]);
    await link.finished;
    expect(await daemon.cli(alice, ['whoami'])).toMatchObject({ status: 3, stdout: '' });
  });
});
