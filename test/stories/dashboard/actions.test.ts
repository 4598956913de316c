/** Actions of the dashboard on sessions, tokens and links, in a real terminal with a real server (X7). */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alice, bob, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { DashboardSite, SESSIONS } from '../../support/terminal/dashboard.ts';

describe('the dashboard', needs('world', 'tmux'), () => {
  const site = DashboardSite.ofSuite();

  test('follows the output of a session, which ^C, q and Esc leave running, and K alone signals (X7)', async () => {
    await site.start(alice, 'sleep', '3000');
    const id = await site.start(
      alice,
      'sh',
      '-c',
      `trap 'echo "caught it"' INT; while :; do sleep 0.1; done`,
    );
    using screen = await site.dashboard(alice);
    screen.press(...SESSIONS);
    const place = { header: /alice \(user\).*● live$/, title: 'Sessions · 1 of', selected: /running.*trap/ };
    for (const key of ['C-c', 'q', 'Escape']) {
      await screen.shows({ ...place, footer: ' f follow' });
      screen.press('f');
      await screen.shows({
        title: `session ${id} of alice`,
        lines: [/^session /, /^running, output from now on$/],
        footer: /^\? help {2}x end {2}K signal {2}esc back/,
      });
      screen.press(key);
    }
    await screen.shows(place);
    screen.press('f', 'K');
    await screen.shows({ title: 'Signal', prompt: 'signal: _' });
    screen.press('C-c');
    await screen.shows({ line: 'running, output from now on' });
    screen.press('K', 'int', 'Enter');
    await screen.shows({ lines: [/^running/, /^caught it$/, /^$/], prompt: 'Sent INT to 1 session.' });
    expect(screen.modes).toBe('1 0');
    expect((await site.daemon.cli(alice, ['sessions', 'read', id])).stdout).toBe('caught it\n');
    screen.press('K', 'kill', 'Enter');
    await screen.shows({
      lines: [/^ended with status 137 \(SIGKILL\)$/, /^caught it$/],
      footer: '? help',
      no: /K signal|x end/,
    });
    screen.press('C-c');
    await screen.shows({ title: 'Sessions · 1 of', selected: /ended 137.*trap/ });
    screen.press('j');
    await screen.shows({ selected: 'sleep 3000' });
  });

  test('follows a session across a restart of the server, and says how it ended (X7)', async () => {
    const script = 'echo before; while [ ! -e "$0" ]; do sleep 0.1; done; echo after; exit 7';
    const until = join(alice.home, 'until-restarted');
    const id = await site.start(alice, 'sh', '-c', script, until);
    using screen = await site.dashboard(alice);
    screen.press(...SESSIONS, 'r');
    await screen.shows({ title: `session ${id}`, lines: [/^running$/, /^before$/] });
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, prompt: /^Reconnecting: /, line: /^before$/ });
    await site.daemon.serve();
    await screen.shows({ header: /● live$/, lines: [/^running$/, /^before$/, /^$/] });
    writeFileSync(until, '');
    await screen.shows({ lines: [/^ended with status 7$/, /^before$/, /^after$/, /^$/] });
    rmSync(until);
  });

  test('shows the output of an ended session of its user page by page, and none of other users', async () => {
    await site.start(
      alice,
      'sh',
      '-c',
      'seq 100; printf "said \\033[1mloud\\033[0m and \\033]0;owned\\007clear\\n"',
    );
    using own = await site.dashboard(alice);
    own.press(...SESSIONS);
    await own.shows({ selected: /ended 0.*seq 100/, footer: ' r read' });
    own.press('r');
    await own.shows({ lines: [/^ended with status 0$/, /^84$/], line: ['100', /^said loud and clear$/] });
    expect(own.windowTitle).not.toContain('owned');
    own.press('g');
    await own.shows({ lines: [/^ended with status 0 · line 1 of 101 · G goes to the end$/, /^1$/, /^2$/] });
    own.press('NPage', 'k');
    await own.shows({ lines: [/ · line 18 of 101 · /, /^18$/, /^19$/] });
    own.press('G');
    await own.shows({ lines: [/^ended with status 0$/, /^84$/] });
    own.press('q');
    await own.shows({ selected: /ended 0.*seq 100/ });
    using manager = await site.dashboard(bob);
    manager.press(...SESSIONS);
    await manager.shows({ selected: /ended 0.*seq 100/, footer: ' / filter', no: / r read| f follow/ });
    manager.press('r', 'f', '?');
    await manager.shows({ title: 'Keys', footer: 'esc back', no: /read its|follow its/ });
  });

  test('leaves a prompt and a question with ^C, and quits only from a screen (X7)', async () => {
    const id = await site.start(alice, 'sleep', '3200');
    using screen = await site.dashboard(alice);
    screen.press(...SESSIONS, '/', '3200');
    await screen.shows({ prompt: '/3200_', selected: 'sleep 3200' });
    screen.press('C-c', 'x');
    await screen.shows({ title: 'End?', line: id });
    screen.press('C-c', '?');
    await screen.shows({ title: 'Keys' });
    screen.press('C-c');
    await screen.shows({ title: /^Sessions · 1 of/, selected: /running.*sleep 3200/ });
    screen.press('C-c');
    await screen.shows(/ended with 0/);
  });

  test('sends a signal that is chosen from a list, and one that is typed', async () => {
    const script = 'trap "exit 21" USR1; trap "echo winched" WINCH; while :; do sleep 0.1; done';
    const id = await site.start(alice, 'sh', '-c', script);
    using screen = await site.dashboard(bob);
    screen.press(...SESSIONS);
    await screen.shows({ selected: /running.*trap "exit/ });
    screen.press('K');
    await screen.shows({
      title: /Signal$/,
      lines: [/Signal$/, /^$/, /^▸ TERM +terminate$/],
      line: 'USR1',
      prompt: 'signal: _',
    });
    screen.press('winch');
    await screen.shows({ selected: /^WINCH, as typed/, prompt: 'signal: winch_' });
    screen.press('Enter');
    await screen.shows({ prompt: 'Sent WINCH to 1 session.' });
    await expect
      .poll(async () => (await site.daemon.cli(alice, ['sessions', 'read', id])).stdout)
      .toBe('winched\n');
    screen.press('K', 'u');
    await screen.shows({ selected: /^USR1/, line: ['USR1', 'USR2'] });
    screen.press('Enter');
    await screen.shows({ line: /ended 21 .*trap "exit/, footer: '? help', no: ' K signal' });
    screen.press('K', 'x');
    await screen.shows({ title: 'Sessions · 1 of' });
  });

  test('says what will end before it ends anything, and sums up many receipts', async () => {
    await site.daemon.link(mallory);
    const running = await site.start(mallory, 'sleep', '730001');
    using screen = await site.dashboard(root);
    screen.press(':', 'log', 'Enter', '/', 'mallory', 'Enter', 'x');
    await screen.shows({
      title: 'Log out?',
      line: ['Ends 1 token and 1 link. 1 session keeps running.', 'y log out · e log out and end 1 session'],
      footer: 'e log out and end 1 session',
    });
    screen.press('n', ...SESSIONS, '/', '730001', 'Enter', 'x');
    await screen.shows({
      title: /End\?$/,
      lines: [/End\?$/, /^$/, /^ {2}session .* of mallory: sleep 730001$/],
    });
    screen.press('y');
    await screen.shows({ title: 'Receipt', line: `session  ${running}` });
    screen.press('Escape');
    const more = await Promise.all(
      [730002, 730003, 730004].map((time) => site.start(alice, 'sleep', `${time}`)),
    );
    const spared = await site.start(alice, 'sleep', '740000');
    screen.press('Escape', '/', '73000', 'Enter', '*');
    await screen.shows({ title: /^Sessions · filter "73000" · 1 of \d · \d marked/ });
    screen.press('/', 'C-u', '740000', 'Enter');
    await screen.shows({ title: /filter "740000" · 1 of 1 · \d marked/ });
    screen.press('x');
    await screen.shows({ title: 'End 3 sessions?' });
    screen.press('y');
    await screen.shows({
      title: /Receipt$/,
      lines: [/Receipt$/, /^$/, /^Still running:/],
      line: [`session  ${spared}`, /^Ended 3 sessions and \d+ processes in \d+ ms\./],
      each: more.map((id) => `session  ${id}`),
      footer: 'esc back',
    });
    screen.press('Escape');
    await screen.shows({ title: /filter "740000" · 1 of 1$/, line: /running.*sleep 740000/ });
  });

  test('says when a link is the one that the dashboard is logged in by', async () => {
    const warning = 'This is the login that you are using: the dashboard will end.';
    for (const [account, isOwn] of [
      [alice, true],
      [bob, false],
    ] as const) {
      using screen = await site.dashboard(account, '--screen links');
      screen.press('/', 'alice', 'Enter');
      await screen.shows({ title: 'filter "alice" · 1 of 1', selected: /alice/ });
      screen.press('x');
      await screen.shows({
        title: 'Stop?',
        line: [...(isOwn ? [warning] : []), /^Ends 1 token and 1 link\./],
        no: isOwn ? 'bob' : warning,
      });
      screen.press('n');
      await screen.shows({ title: 'filter "alice" · 1 of 1' });
    }
  });

  test('ends the sessions together with a login, with the key for that (X1)', async () => {
    await site.daemon.link(bob);
    const id = await site.start(bob, 'sleep', '735001');
    using screen = await site.dashboard(root);
    screen.press(':', 'log', 'Enter', '/', 'bob', 'Enter', 'x');
    await screen.shows({ title: 'Log out?', line: 'y log out · e log out and end 1 session' });
    screen.press('e');
    await screen.shows({
      title: 'Receipt',
      line: [
        'Still running: no session and no link.',
        /^Ended \d tokens?, \d links?, 1 session and 1 process/,
      ],
      each: [`session  ${id}`],
    });
  });

  test('uses the mouse with --mouse, and only while it is on the screen', async () => {
    for (const time of ['3101', '3102', '3103', '3104', '3105']) await site.start(alice, 'sleep', time);
    using screen = await site.dashboard(alice, '--mouse');
    await expect.poll(() => screen.hasMouse).toBe(true);
    screen.click('Sessions');
    await screen.shows({ title: 'Sessions · 1 of', line: ['sleep 3102', 'sleep 3101'] });
    screen.click('sleep 3102');
    await screen.shows({ selected: 'sleep 3102' });
    screen.click('sleep 3105', 64);
    await screen.shows({ selected: 'sleep 3105' });
    screen.click('sleep 3105', 65);
    await screen.shows({ selected: 'sleep 3102' });
    screen.click('sleep 3102', 2);
    screen.click('sleep 3102');
    await screen.shows({
      title: /^session s.* of alice: sleep 3102$/,
      selected: /^session/,
      line: '→ Tokens',
    });
    screen.click('→ Tokens');
    await screen.shows({ selected: /^token.*→ Tokens/ });
    screen.click('→ Tokens');
    await screen.shows({ title: /^Tokens · filter/ });
    screen.press('Escape', 'Escape', 'C-z');
    await screen.shows(/ended with 148|Stopped/);
    expect(screen.hasMouse).toBe(false);
    screen.enter('fg');
    await screen.shows({ selected: 'sleep 3102' });
    await expect.poll(() => screen.hasMouse).toBe(true);
    screen.press('q');
    await expect.poll(() => screen.modes).toBe('0 1');
    expect(screen.hasMouse).toBe(false);
    using without = await site.dashboard(alice);
    expect(without.hasMouse).toBe(false);
  });

  test('restores its screen after ^z and fg, however it was stopped', async () => {
    using screen = await site.dashboard(root);
    const place = { header: /^Latchkey {2}root \(admin\).*● live$/, tabs: / 1 Overview .* 5 Sessions$/ };
    await screen.shows(place);
    const pid = screen.foreground;
    for (const stop of [() => screen.press('C-z'), () => process.kill(pid, 'SIGTSTP')]) {
      stop();
      await screen.shows({ line: [/ended with 148|Stopped/, /^\$$/] });
      expect(screen.modes).toBe('0 1');
      screen.enter('clear; fg');
      await screen.shows(place);
      await expect.poll(() => screen.modes).toBe('1 0');
      screen.press('?');
      await screen.shows({ title: 'Keys' });
      screen.press('Escape');
      await screen.shows({ footer: '? help' });
    }
  });
});
