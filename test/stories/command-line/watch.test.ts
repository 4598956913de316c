/** Watched lists: updated in place on a terminal, line by line elsewhere, over restarts of the server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, mallory, type Run, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Screen, type ScreenOptions } from '../../support/terminal/screen.ts';

let daemon: TestDaemon;

function typed(account: Account, words: string, options: ScreenOptions = {}): Screen {
  const screen = new Screen(account, options);
  screen.enter(`echo before; ${program()} ${words} --run ${daemon.runFolder}; echo ended with $?`);
  return screen;
}

/** The events that a watch in JSON has printed. */
interface Told {
  readonly event: string;
  readonly id?: string;
  readonly token?: { readonly jti: string; readonly login: string };
  readonly session?: { readonly id: string };
}

function events({ stdout }: Run): Told[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

describe('a watched list', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('is updated in place, fits the terminal, and restores it afterwards (X7)', async () => {
    using screen = typed(root, 'tokens --watch', { rows: 6 });
    await screen.shows({
      lines: [/^TOKEN +LOGIN /, /^\S+ +root /, /^$/, /^$/, /^$/, /^1 token {2}\d\d:\d\d:\d\d {2}q quits$/],
    });
    await expect.poll(() => screen.modes).toBe('1 0');
    const links = [await daemon.link(alice), await daemon.link(alice)];
    await screen.shows({ lines: [/alice/, /alice/, /root/, /^$/, /^3 tokens/] });
    screen.enter('typed over nothing');
    screen.resize(50, 4);
    await screen.shows({
      header: /^TOKEN +LOGIN/,
      lines: [/alice/, /alice/, /^2 of 3 tokens/],
      no: 'typed',
    });
    screen.resize(80, 24);
    await daemon.cli(root, ['tokens', 'revoke', '--login', 'alice']);
    await screen.shows({ header: /^TOKEN/, lines: [/^TOKEN/, /root/, /^$/], footer: /^1 token / });
    screen.press('C-c');
    await screen.shows({ lines: [/before$/, /^ended with 130$/] });
    expect(screen.modes).toBe('0 1');
    await Promise.all(links.map((link) => link.finished));
  });

  test('continues after ^Z and fg, and ends with q', async () => {
    using screen = typed(root, 'tokens list --watch');
    await screen.shows(/q quits/);
    screen.press('C-z');
    await screen.shows({ line: [/ended with 148|Stopped/, /^\$$/] });
    expect(screen.modes).toBe('0 1');
    screen.enter('fg');
    await screen.shows({ header: /^TOKEN/, line: 'q quits' });
    await expect.poll(() => screen.modes).toBe('1 0');
    screen.press('q');
    await screen.shows({ line: [/^\$ fg$/, /^\$$/] });
    expect(screen.modes).toBe('0 1');
    screen.enter('echo it ended with $?');
    await screen.shows(/it ended with 0/);
  });

  test('continues after the server was away, says so once, and reports what changed meanwhile', async () => {
    const theirs = await daemon.link(mallory);
    await daemon.link(alice);
    const run = daemon.begin(root, ['tokens', 'watch', '--json']);
    const lines = daemon.begin(root, ['tokens', '-w', '--login', 'mallory']);
    await run.printed(/"complete"/);
    await lines.printed(/mallory/);
    using screen = typed(root, 'tokens --watch');
    await screen.shows({ line: ['mallory', 'q quits'] });
    const jti = (login: string) => events(run).find(({ token }) => token?.login === login)?.token?.jti;
    const mallorys = jti('mallory');
    const roots = jti('root');
    await daemon.end('SIGKILL');
    await Promise.all([run, lines].map((each) => each.printed(/trying again/, 'stderr')));
    await screen.shows({ footer: /trying again$/ });
    theirs.kill('SIGKILL');
    await theirs.finished;
    await daemon.serve();
    for (const gone of [mallorys, roots]) await run.printed(new RegExp(`"gone","id":"${gone}"`));
    await lines.printed(new RegExp(`\\d\\d:\\d\\d:\\d\\d {2}gone {3}${mallorys}\n`));
    await screen.shows({ line: 'q quits', no: 'mallory' });
    await run.printed(/("complete"[\s\S]*){2}/);
    for (const each of [run, lines]) await each.printed(/watching again\n/, 'stderr');
    const told = events(run);
    const since = told.slice(told.findIndex(({ event }) => event === 'complete') + 1);
    // The administrator's token is replaced at each start; alice's link keeps running, so that nothing is
    // reported about it.
    const theirLogins = since.map(({ event, id, token }) => [event, token?.login ?? id]);
    expect(theirLogins).toContainEqual(['there', 'root']);
    expect(theirLogins).toContainEqual(['gone', roots]);
    expect(theirLogins.filter(([, login]) => login === 'alice')).toEqual([]);
    for (const each of [run, lines])
      expect(each.stderr).toMatch(/^latchkey: [^\n]*; trying again\nlatchkey: watching again\n$/);
  });

  test('ends with its login, with status 3', async () => {
    const theirs = await daemon.link(mallory);
    const run = daemon.begin(mallory, ['sessions', 'watch']);
    using screen = typed(mallory, 'sessions --watch');
    await run.printed(/SESSION/);
    await screen.shows({ line: ['no sessions', 'q quits'] });
    await daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    expect(await run.finished).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/^latchkey: this login has ended/),
    });
    await screen.shows({ lines: [/before$/, /^latchkey: this login has ended/], line: 'ended with 3' });
    await theirs.finished;
  });

  test('filters sessions by their command, as a list does', async () => {
    const theirs = await daemon.link(mallory);
    const words = ['--filter', 'sleep 3001'];
    const run = daemon.begin(mallory, ['sessions', 'watch', '--json', ...words]);
    await run.printed(/complete/);
    for (const seconds of ['3002', '3001'])
      await daemon.cli(mallory, ['start', '--detach', '--', 'sleep', seconds]);
    await run.printed(/"command":\["sleep","3001"\]/);
    expect(run.stdout).not.toContain('3002');
    const listed = await daemon.cli(mallory, ['sessions', '--quiet', ...words]);
    expect(listed.stdout.trim()).toBe(events(run).find(({ session }) => session)?.session?.id);
    const all = (await daemon.cli(mallory, ['sessions', '--quiet'])).stdout.trim().split('\n');
    for (const id of all) await daemon.cli(mallory, ['sessions', 'end', '--quiet', id]);
    run.kill();
    await daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    await theirs.finished;
  });

  test('refuses options that do not apply to it', async () => {
    for (const words of ['--all', '--limit 3', '--sort login']) {
      const { status, stderr } = await daemon.cli(root, ['tokens', '--watch', ...words.split(' ')]);
      expect([status, stderr]).toEqual([2, expect.stringContaining(words.split(' ')[0] ?? '')]);
    }
    using screen = typed(root, 'tokens --watch --sort nonsense');
    await screen.shows({ lines: [/before$/, /^latchkey: /], line: 'ended with 2' });
  });
});
