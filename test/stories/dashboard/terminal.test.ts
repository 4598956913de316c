/** The dashboard's terminal: any size, any text, screen readers, and the terminal's state afterwards (X7). */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alice, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { commandLine, DashboardSite, SESSIONS } from '../../support/terminal/dashboard.ts';
import { Screen } from '../../support/terminal/screen.ts';
import type { View } from '../../support/terminal/view.ts';

const CRASHING = join(import.meta.dirname, '../../support/terminal/crashing-screen.ts');

const ESC = '\u001b';

/** Resolves once the clocks of dashboards have ticked some times, as the ages on `screen` show. */
async function ticks(screen: Screen): Promise<void> {
  const age = ({ text }: View): string | undefined => /\d+ s ago/.exec(text)?.[0];
  for (let times = 0; times < 3; times += 1) {
    const before = age(await screen.until('an age in seconds', (view) => age(view) !== undefined));
    await screen.until('the next second', (view) => age(view) !== before);
  }
}

describe('the dashboard', needs('world', 'tmux'), () => {
  const site = DashboardSite.ofSuite();

  test('fits a small terminal, and a large one again', async () => {
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

  test('escapes untrusted text wherever it is shown, and stays aligned', async () => {
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
      await screen.shows({ selected: /^session / });
      await screen.until('the command as text', ({ text }) => text.replaceAll(/\n +/g, '').includes(shown));
      screen.press('G');
      await screen.shows({ selected: /^link / });
      screen.press('Escape', 'x');
      await screen.shows({ title: 'End?', line: /session .* of alice: sh -c/ });
      screen.press('n', ...SESSIONS);
      expect(screen.windowTitle).not.toContain('owned');
      expect(screen.modes).toBe('1 0');
    }
    using screen = await site.dashboard(root, '--screen overview', { columns: 200, rows: 50 });
    await site.daemon.cli(alice, ['sessions', 'show', evil]);
    await screen.shows({ line: ['REFUSED ', 'alice'] });
    expect(screen.windowTitle).not.toContain('owned');
    screen.press(...SESSIONS, '/', '77000', 'Enter', '*', 'x', 'y');
    await screen.shows({ title: 'Receipt', line: `session  ${id}` });
    expect(screen.windowTitle).not.toContain('owned');
  });

  test.for(['q', 'C-c', 'SIGTERM', 'SIGHUP'])('restores the terminal after %s', async (end) => {
    using screen = new Screen(root);
    screen.enter('stty -a | md5sum');
    const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
    screen.enter(commandLine(site.daemon));
    await screen.shows({ header: /● live$/ });
    await expect.poll(() => screen.modes).toBe('1 0');
    if (end.startsWith('SIG')) process.kill(screen.foreground, end);
    else screen.press(end);
    await screen.shows(/ended with \d+$/);
    expect(screen.modes).toBe('0 1');
    screen.enter('stty -a | md5sum');
    await screen.until('the same settings', (view) => view.text.split(settings).length === 3);
    expect(screen.view.text).toContain(`ended with ${{ SIGTERM: 143, SIGHUP: 129 }[end] ?? 0}`);
  });

  test.for(['draw', 'timer', 'promise'])('restores the terminal after an error: %s', async (how) => {
    using screen = new Screen(root, { env: { NODE_NO_WARNINGS: '1' } });
    screen.enter('stty -a | md5sum');
    const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
    screen.enter(`${process.execPath} ${CRASHING} ${how}; echo ended with $?`);
    await screen.shows(/^all is well/);
    await expect.poll(() => screen.modes).toBe('1 0');
    await screen.shows({ lines: [/Error: .* went wrong$/, /^ended with 70$/] });
    expect(screen.modes).toBe('0 1');
    screen.enter('stty -a | md5sum');
    await screen.until('the same settings', (view) => view.text.split(settings).length === 3);
  });

  test('acts on keys that were typed before it was drawn', async () => {
    using screen = new Screen(root);
    screen.enter(commandLine(site.daemon));
    screen.press(...SESSIONS, '/', 'nothing like this', 'Enter', '?');
    await screen.shows({ header: /^Latchkey {2}root /, title: 'Keys' });
    screen.press('Escape');
    await screen.shows({
      header: /^Latchkey {2}root .*● live$/,
      title: /^Sessions · filter "nothing like this" · none/,
    });
  });

  test('writes only the lines that a key changes, and nothing while nothing changes', async () => {
    const ids = await Promise.all([1, 2, 3].map((at) => site.start(alice, 'sleep', `75000${at}`)));
    using clock = await site.dashboard(root, '--screen sessions');
    using screen = await site.dashboard(root, '', { columns: 120, rows: 15 });
    screen.press(...SESSIONS, '/', '75000', 'Enter', '?');
    await screen.shows({
      header: /● live$/,
      title: 'Keys',
      lines: [/^Keys/, /^$/, /^\? /],
      footer: 'esc back',
    });
    const scrolled = await screen.written(async () => {
      await ticks(clock);
      screen.press('Z', 'j'); // nothing, and one line down
      await screen.shows({ lines: [/^Keys/, /^$/, /^q /] });
    }, `${ESC}[?2026l`);
    expect(scrolled.split(`${ESC}[?2026h`), JSON.stringify(scrolled)).toEqual([
      '',
      expect.stringContaining('the first line'),
    ]);
    screen.press('Escape');
    screen.resize(120, 40);
    await screen.shows({ selected: 'sleep 75000', footer: '? help' });
    await screen.shows({ line: [1, 2, 3].map(() => 'sleep 75000') });
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

  test('describes the selected row and what changes in words for a screen reader', async () => {
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
    const last = await screen.shows({ lines: [/^Sessions, filter "75100", 3 of 3/, row, /^Keys: /] });
    const [, id = ''] = row.exec(last.line(row)) ?? [];
    using clock = await site.dashboard(root, '--screen sessions');
    const said = await screen.written(async () => {
      await ticks(clock); // "2 s ago" is not said only because time has passed
      screen.press('G'); // the row that is selected already
      await site.daemon.cli(alice, ['sessions', 'end', id]);
      await screen.shows(new RegExp(`^Update: session ${id} of alice: sleep 75100\\d has changed$`));
    });
    const [first = ''] = said.split('Update: ');
    expect(first.match(/Sessions, filter/g), said).toHaveLength(1);
    expect(screen.view.text).not.toMatch(/[▸●○▁█]/);
    screen.press('q');
    await screen.shows(/ended with 0/);
  });

  test('says what to do without a terminal', async () => {
    const { status, stdout, stderr } = await site.daemon.cli(root, ['tui']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      "latchkey: the dashboard needs a terminal; without one, use 'latchkey tokens watch'\n",
    );
  });
});
