/** The dashboard in a real terminal, with the built program and a real server (X7). */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alice, bob, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { commandLine, DashboardSite, SESSIONS, TMUX_KEYS } from '../../support/terminal/dashboard.ts';
import { Screen } from '../../support/terminal/screen.ts';
import type { View } from '../../support/terminal/view.ts';

const CRASHING = join(import.meta.dirname, '../../support/terminal/crashing-screen.ts');

const ESC = '\u001b';

let site: DashboardSite;

describe('the dashboard', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    site = await DashboardSite.open();
  });
  afterEach(() => site?.endSessions());
  afterAll(() => site?.[Symbol.asyncDispose]());

  test('shows a login that comes, finds it, opens it, ends it with its receipt, and it is gone (X7)', async () => {
    using screen = await site.dashboard(root, '--screen tokens');
    await screen.shows({ selected: /./, line: ' alice ' });
    const theirs = await site.daemon.link(mallory);
    await screen.shows(/ mallory +mallory +link /);
    screen.press('/', 'MALL');
    const found = await screen.shows({ title: 'filter "MALL" · 1 of 1', prompt: /^\/MALL_/ });
    expect(found.text).not.toContain('alice');
    screen.press('Enter', 'Enter');
    const open = await screen.shows({ line: [/expires +in /, /link +7002\./] });
    const [, jti = ''] = /token {2,}([\w-]{36})/.exec(open.text) ?? [];
    screen.press('x');
    expect((await screen.shows({ title: 'Revoke?' })).text).toContain(`token ${jti} of mallory`);
    screen.press('y');
    const receipt = (await screen.shows({ title: 'Receipt' })).text;
    expect(receipt).toMatch(/Ended 1 token, 1 link and 1 process in \d+ ms\./);
    expect(receipt).toContain(`token    ${jti}`);
    expect(receipt).toContain("No process is left, says the user's own link.");
    await theirs.finished;
    screen.press('Escape');
    await screen.shows(/This is gone/);
    screen.press('Escape');
    await screen.shows({ title: 'filter "MALL" · none', line: 'no tokens' });
    screen.press('Escape');
    await screen.shows(/alice/);
  });

  test('goes from a login to its sessions and back, and ends those that are marked', async () => {
    const ids = [await site.start(alice, 'sleep', '1001'), await site.start(alice, 'sleep', '1002')];
    using screen = await site.dashboard(root);
    screen.press(':', 'log');
    await screen.shows({ prompt: ':log_ Logins' });
    screen.press('Enter');
    await screen.shows({ selected: /^ *alice/ });
    screen.press('Enter');
    await screen.shows(/sessions +of alice → Sessions/);
    screen.press('j', 'j', 'Enter');
    await screen.shows({ title: /^Sessions of alice · 1 of \d+/, line: ['sleep 1002', 'sleep 1001'] });
    screen.press('Space', 'Space', 'x');
    await screen.shows({ title: 'End 2 sessions?', line: ['sleep 1002', 'sleep 1001'] });
    screen.press('y');
    const receipt = await screen.shows({ title: 'Receipt' });
    for (const id of ids) expect(receipt.text).toContain(`session  ${id}`);
    screen.press('Escape');
    await screen.shows(/ended \d+ .*sleep 1002/);
    screen.press('Escape');
    await screen.shows(/everything of alice/);
  });

  test('says that the server is away, and goes on by itself when it is back', async () => {
    using screen = await site.dashboard(root, '--local-admin --screen tokens');
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, prompt: /^Reconnecting: / });
    await site.daemon.serve();
    await screen.shows({ header: /● live$/, line: 'alice' });
    const theirs = await site.daemon.link(mallory);
    await screen.shows(/mallory/);
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    await theirs.finished;
    await screen.shows({ no: 'mallory' });
  });

  test('says that its login is over and what to do, offers nothing then, and leaves', async () => {
    const theirs = [await site.daemon.link(mallory)];
    using revoked = await site.dashboard(mallory, '--screen sessions');
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    const said = await revoked.shows(/This login is over/);
    expect(said.header).toMatch(/^Latchkey {2}mallory .*○ login over$/);
    expect(said.text.replaceAll('\n', ' ')).toMatch(/This login has ended.*'latchkey login'.*q leaves/);
    revoked.press('x', 'Enter', 'Escape', '2');
    await revoked.shows({ line: 'This login is over', footer: /^q quit$/ });
    revoked.press('q');
    await revoked.shows(/ended with 0/);
    theirs.push(await site.daemon.link(mallory));
    using own = await site.dashboard(mallory, '--screen tokens');
    own.press('x', 'y');
    await own.shows({
      header: /○ login over$/,
      title: /Receipt$/,
      lines: [/Receipt$/, /^$/, /^Ended 1 token/],
    });
    own.press('Escape');
    await own.shows(/This login is over/);
    await Promise.all(theirs.map((link) => link.finished));
  });

  test('is whole in a small terminal, and in a large one again', async () => {
    using screen = await site.dashboard(root, '--screen tokens');
    screen.resize(60, 15);
    const small = await screen.shows({
      header: /^Latchkey {2}root \(admin\).{1,40}● live$/,
      footer: /^\? help {2}x revoke {2}q quit/,
    });
    expect(small.lines).toHaveLength(15);
    screen.press('?');
    await screen.shows({ title: /Keys$/, lines: [/Keys$/, /^$/, /^\? +this help/] });
    screen.press('G');
    await screen.shows(/: +go to a screen by name/);
    screen.resize(120, 40);
    screen.press('Escape');
    const large = await screen.shows({
      header: /^Latchkey {2}root .* {60,}● live$/,
      tabs: /^ 1 Overview/,
      footer: /^\? help {2}x revoke {2}q quit/,
    });
    expect(large.lines).toHaveLength(40);
  });

  test('keeps what one is doing while the server is away, and does it when it is back', async () => {
    const id = await site.start(alice, 'sleep', '760001');
    using screen = await site.dashboard(root, '--local-admin');
    screen.press(...SESSIONS, '/', '7600', 'Enter', 'x');
    await screen.shows({ title: /End\?$/, lines: [/End\?$/, /^$/, /^ {2}session .* sleep 760001/] });
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, title: 'End?' });
    await site.daemon.serve();
    await screen.shows({ header: /● live$/, title: 'End?' });
    screen.press('n', '/');
    await screen.shows({ prompt: /^\/7600_/ });
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, prompt: /^\/7600_/ });
    screen.press('01');
    await screen.shows({ prompt: /^\/760001_/ });
    await site.daemon.serve();
    screen.press('Enter');
    await screen.shows({
      header: /● live$/,
      title: /filter "760001" · 1 of 1$/,
      selected: 'sleep 760001',
    });
    screen.press('x');
    await screen.shows({ title: 'End?' });
    screen.press('y');
    expect((await screen.shows({ title: 'Receipt' })).text).toContain(`session  ${id}`);
  });

  test('shows text from elsewhere as text, wherever it is shown, and stays aligned', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u001b]52;c;eA==\u0007\u009b31m\u202e日本e\u0301';
    const shown = String.raw`\x1b]0;owned\x07\x1b[2J\x1b]52;c;eA==\x07\x9b31m\u202e日本`;
    const id = await site.start(alice, 'sh', '-c', 'sleep 770001', evil, 'x'.repeat(10_240));
    await site.start(alice, 'sleep', '770002');
    for (const columns of [120, 80]) {
      using screen = await site.dashboard(root, '', { columns, rows: 24 });
      screen.press(...SESSIONS, '/', '77000', 'Enter');
      const list = await screen.shows({
        title: /· 1 of 2$/,
        lines: [/· 1 of 2$/, /^ {2}SESSION /, /^▸ .*running.*sleep 770002/, /running.*sh -c/],
      });
      const rows = list.lines.filter((line) => line.includes('alice'));
      expect(new Set(rows.map((line) => line.indexOf('running'))).size).toBe(1);
      screen.press('j', 'Enter');
      const open = await screen.shows({ selected: /^session / });
      expect(open.text.replaceAll(/\n +/g, '')).toContain(shown);
      screen.press('G');
      await screen.shows({ selected: /^link / });
      screen.press('Escape', 'x');
      expect((await screen.shows({ title: 'End?' })).text).toMatch(/session .* of alice: sh -c/);
      screen.press('n', ...SESSIONS);
      expect(screen.windowTitle).not.toContain('owned');
      expect(screen.modes).toBe('1 0');
    }
    using screen = await site.dashboard(root, '--screen overview', { columns: 200, rows: 50 });
    await site.daemon.cli(alice, ['sessions', 'show', evil]);
    await screen.shows({ line: ['REFUSED ', 'alice'] });
    expect(screen.windowTitle).not.toContain('owned');
    screen.press(...SESSIONS, '/', '77000', 'Enter', '*', 'x', 'y');
    expect((await screen.shows({ title: 'Receipt' })).text).toContain(`session  ${id}`);
    expect(screen.windowTitle).not.toContain('owned');
  });

  test('shows a user what is theirs, and offers nothing to who only looks on', async () => {
    using theirs = await site.dashboard(alice, '--screen tokens');
    const list = await theirs.shows({ title: /^Tokens · 1 of \d/, line: 'alice' });
    expect(list.text).not.toMatch(/bob|root +local/);
    using everybody = await site.dashboard(bob, '--read-only --screen tokens');
    expect((await everybody.shows('alice')).text).not.toContain('x revoke');
    everybody.press('x', '?');
    expect((await everybody.shows({ title: 'Keys' })).text).not.toMatch(/revoke/);
  });

  test('does something for every key of its help', { timeout: 120_000 }, async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => site.start(alice, 'sleep', `${2000 + at}`)));
    using screen = await site.dashboard(alice, '', { columns: 70, rows: 50 });
    screen.press(...SESSIONS);
    await screen.shows({ title: /^Sessions · 1 of \d+/, line: 'running' });
    screen.press('?');
    const help = await screen.shows({ title: 'Keys' });
    const rows = [...help.text.matchAll(/^(\S+(?: \S+)*) {2,}\S.*$/gm)].map(([, keys = '']) =>
      keys.split(' '),
    );
    const keys = rows.slice(1).flat();
    expect(keys).toEqual(
      expect.arrayContaining([
        'j',
        'pgdn',
        'G',
        '/',
        '>',
        '<',
        'x',
        'K',
        'a',
        'r',
        'space',
        '*',
        'shift-tab',
        ':',
      ]),
    );
    screen.press('Escape');
    screen.resize(70, 24);
    for (const key of keys.filter((each) => each !== 'q' && each !== '^c')) {
      screen.press('Escape'); // whatever has been opened
      await screen.shows({ footer: '? help' });
      screen.press('3');
      await screen.shows({ title: /^Links · 1 of/ });
      screen.press(...SESSIONS);
      await screen.shows({ title: /^Sessions · 1 of/ });
      screen.press('PPage', 'NPage', 'Space');
      const before = await screen.shows({ title: /^Sessions · 20 of \d+ · 1 marked/ });
      screen.press(TMUX_KEYS[key] ?? key);
      await screen.until(`something after ${key}`, (view) => steady(view.text) !== steady(before.text));
      await BACK[key]?.(screen);
    }
  });

  test.for([
    ['an open row', [':', 'tok', 'Enter', 'Enter', 'j'], { selected: /^login / }],
    ['the overview', ['1'], { title: /^Overview$/, lines: [/^Overview$/, /^\d+ pe/] }],
  ] as const)('does something for every key of its help on %s', async ([, way, place]) => {
    using screen = await site.dashboard(root, '', { columns: 70, rows: 50 });
    screen.press(...way);
    await screen.shows(place);
    screen.press('?');
    const help = await screen.shows({ title: 'Keys' });
    const keys = [...help.text.matchAll(/^(\S+(?: \S+)*) {2,}\S.*$/gm)]
      .slice(1)
      .flatMap(([, names = '']) => names.split(' '))
      .filter((key) => !['q', '^c', '^z', '1'].includes(key));
    expect(keys).toEqual(expect.arrayContaining(['?', '4', 'tab', 'shift-tab', ':']));
    screen.press('Escape');
    screen.resize(70, 14);
    for (const key of keys) {
      screen.press(...way);
      const before = where(await screen.shows(place));
      screen.press(TMUX_KEYS[key] ?? key);
      await screen.until(`something after ${key}`, (view) => where(view) !== before);
      screen.press('Escape'); // whatever has been opened
      await screen.shows({ footer: '? help' });
    }
  });

  test.for(['q', 'C-c', 'SIGTERM', 'SIGHUP'])('leaves the terminal as it found it after %s', async (end) => {
    using screen = new Screen(root);
    screen.enter('stty -a | md5sum');
    const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
    screen.enter(commandLine(site.daemon));
    await screen.shows({ header: /● live$/ });
    expect(screen.modes).toBe('1 0');
    if (end.startsWith('SIG')) process.kill(screen.foreground, end);
    else screen.press(end);
    await screen.shows(/ended with \d+$/);
    expect(screen.modes).toBe('0 1');
    screen.enter('stty -a | md5sum');
    await screen.until('the same settings', (view) => view.text.split(settings).length === 3);
    expect(screen.view.text).toContain(`ended with ${{ SIGTERM: 143, SIGHUP: 129 }[end] ?? 0}`);
  });

  test.for(['draw', 'timer', 'promise'])(
    'leaves the terminal as it found it when something goes wrong: %s',
    async (how) => {
      using screen = new Screen(root, { env: { NODE_NO_WARNINGS: '1' } });
      screen.enter('stty -a | md5sum');
      const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
      screen.enter(`${process.execPath} ${CRASHING} ${how}; echo ended with $?`);
      await screen.shows(/^all is well/);
      expect(screen.modes).toBe('1 0');
      await screen.shows({ lines: [/Error: .* went wrong$/, /^ended with 70$/] });
      expect(screen.modes).toBe('0 1');
      screen.enter('stty -a | md5sum');
      await screen.until('the same settings', (view) => view.text.split(settings).length === 3);
    },
  );

  test('is not moved by what was typed before it was there, and obeys it', async () => {
    using screen = new Screen(root);
    screen.enter(commandLine(site.daemon));
    screen.press(...SESSIONS, '/', 'nothing like this', 'Enter', '?');
    expect((await screen.shows({ title: 'Keys' })).header).toMatch(/^Latchkey {2}root /);
    screen.press('Escape');
    await screen.shows({
      header: /^Latchkey {2}root .*● live$/,
      title: /^Sessions · filter "nothing like this" · none/,
    });
  });

  test('writes for a key only the lines that change, and nothing at all for seconds without news', async () => {
    const ids = await Promise.all([1, 2, 3].map((at) => site.start(alice, 'sleep', `75000${at}`)));
    using screen = await site.dashboard(root, '', { columns: 120, rows: 40 });
    screen.press(...SESSIONS, '/', '75000', 'Enter', 'x');
    await screen.shows({ title: 'End?' });
    const quiet = await screen.written(() => new Promise((resolve) => setTimeout(resolve, 2500)));
    expect(quiet).toBe('');
    screen.press('n');
    await screen.shows({ selected: 'sleep 75000' });
    const key = await screen.written(async () => {
      screen.press('j');
      await screen.shows({ lines: [/^ {2}s/, /^▸ .*sleep 75000/] });
    }, `${ESC}[?2026l`);
    expect(key.length).toBeGreaterThan(0);
    expect(key.length).toBeLessThan(1_000);
    expect(key.startsWith(`${ESC}[?2026h`)).toBe(true);
    for (const erased of ['J', '0J', '2J', '3J']) expect(key).not.toContain(`${ESC}[${erased}`);
    expect(ids.filter((id) => key.includes(id.slice(0, 12))).length).toBeLessThan(3);
  });

  test('speaks for a screen reader: the row one is on, and what changes, in words', async () => {
    using screen = new Screen(root, { columns: 200 });
    for (const at of [1, 2, 3]) await site.start(alice, 'sleep', `75100${at}`);
    screen.enter(commandLine(site.daemon, '--screen-reader --screen tokens'));
    await screen.shows({
      lines: [/^Tokens, 1 of \d+\. root, admin\. live\.$/, /^token [\w-]+, login \w+, /],
    });
    expect(screen.modes.startsWith('0')).toBe(true);
    screen.press(...SESSIONS, '/', '75100', 'Enter', 'G');
    const row =
      /^session (\w+), login alice, user alice, state running, started .* ago, command sleep 75100\d$/;
    await screen.shows(/^Sessions, filter "75100", 3 of 3/);
    const [, id = ''] = row.exec((await screen.shows(row)).line(row)) ?? [];
    const quiet = await screen.written(() => {
      screen.press('G'); // where one is
      return new Promise((resolve) => setTimeout(resolve, 1500));
    });
    expect(quiet).toBe('');
    await site.daemon.cli(alice, ['sessions', 'end', id]);
    const news = await screen.shows(/^News: session .* of alice: sleep 75100\d has changed$/);
    expect(news.text).toContain(id);
    expect(screen.view.text).not.toMatch(/[▸●○▁█]/);
    screen.press('q');
    await screen.shows(/ended with 0/);
  });

  test('shows managers first what goes on, in charts and numbers, and to nobody else', async () => {
    using screen = await site.dashboard(bob, '', { columns: 80, rows: 24 });
    const before = await screen.shows({
      lines: [/\d people, \d+ tokens, \d+ links? and \d+ sessions? running$/, /^server: /],
    });
    const charts = [/^logins +[·▁-█]{15,60} {2}(none|\d+) in the last hour/, /^calls +[·▁-█]{15,60} /];
    expect(before.lacks({ lines: charts })).toEqual([]);
    expect(before.lacks({ lines: [/^BUSIEST LINKS /, /^(alice|bob) /] })).toEqual([]);
    const inLastHour = (what: RegExp) => Number(/ (\d+) in the last hour/.exec(before.line(what))?.[1] ?? 0);
    const logins = inLastHour(/^logins /);
    const revoked = inLastHour(/^revocations /);
    const theirs = await site.daemon.link(mallory);
    await screen.shows(new RegExp(`^logins .* ${logins + 1} in the last hour`));
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    await theirs.finished;
    await screen.shows(new RegExp(`^revocations .* ${revoked + 1} in the last hour`));
    await site.daemon.cli(alice, ['tokens', 'show', 'no-such-token']);
    await screen.shows({ line: [/^REFUSED /, 'alice'] });
    screen.resize(60, 15);
    await screen.shows({
      header: /^Latchkey /,
      title: /^Overview$/,
      lines: [/^Overview$/, /^\d people/],
      footer: /^\? help/,
    });
    screen.resize(200, 50);
    const large = await screen.shows({ line: [/LATEST +SINCE/, 'REFUSED'] });
    expect(large.lines.filter((line) => /[▁-█]/.test(line)).length).toBeGreaterThan(9);
    using own = await site.dashboard(alice);
    await own.shows({ tabs: /^ 1 Logins {2}2 Tokens {2}3 Links {2}4 Sessions$/, title: /^Logins · 1 of 1$/ });
    own.press('q');
    await own.shows(/ended with 0/);
    own.enter(commandLine(site.daemon, '--screen overview'));
    await own.shows({ lines: [/--screen is one of logins, tokens, links, sessions$/, /^ended with 2/] });
  });

  test('says what to do instead where there is no terminal', async () => {
    const { status, stdout, stderr } = await site.daemon.cli(root, ['tui']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      "latchkey: the dashboard needs a terminal; without one there is 'latchkey tokens watch'\n",
    );
  });
});

/** The way back from where the dashboard itself is not shown. */
const BACK: Readonly<Record<string, (screen: Screen) => Promise<unknown>>> = {
  '^z': async (screen) => {
    await screen.shows(/ended with 148/);
    screen.enter('fg');
    return screen.shows({ footer: '? help' });
  },
  a: async (screen) => {
    await screen.shows(/\^\\ leaves it running/);
    screen.press('C-\\');
    await screen.shows(/Enter comes back/);
    screen.press('Enter');
    return screen.shows({ footer: '? help' });
  },
  r: async (screen) => {
    await screen.shows(/Enter comes back/);
    screen.press('Enter');
    return screen.shows({ footer: '? help' });
  },
};

/** Where on a screen one is: its title, the line of the cursor, and what can be pressed or is typed. */
function where({ title, selected, prompt, footer }: View): string {
  return steady([title, selected, prompt, footer].join('\n'));
}

/** A screen without what time alone changes. */
function steady(text: string): string {
  return text.replaceAll(/now|\d+ (?:s|min) ago/g, 'then').replaceAll(/ +/g, ' ');
}
