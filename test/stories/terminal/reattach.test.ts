/** Terminals that are left and taken up again: detaching, a killed server, several clients (X9). */
import { describe, expect, test } from 'vitest';
import { alice } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { BASH, TerminalSite } from '../../support/terminal/terminal-site.ts';

/** A program that draws on the alternate screen, with colours, title and modes, then shows what it gets. */
const DRAWING = [
  String.raw`sh -c 'stty -echo; printf "\033[?1049h\033[2J\033[2;4H\033[31mdrawn 日本\033[m\033]2;my title\007`,
  String.raw`\033[?2004h\033[?1000h\033[?1006h\033[?25l"; `,
  String.raw`while read line; do printf "\033[5;1Hgot $line\033[K"; done'`,
].join('');

describe('a session with a terminal', needs('world', 'tmux', 'bash'), () => {
  const site = TerminalSite.ofSuite();

  test('is left with ^\\, and shown again with its lines when attached (X9)', async () => {
    using first = await site.start(BASH);
    await first.shows(/^b>$/);
    first.enter('for at in $(seq 1 60); do echo line $at; done; cd /tmp');
    await first.shows({ line: [/^line 60$/, /^b>$/] });
    first.press('half');
    await first.shows(/^b> half$/);
    first.press('C-\\');
    await first.shows({ line: [/^b> half$/, /left the session running; attach again/, /^ended with 255$/] });
    const id = await site.id();
    using second = await site.shell();
    second.enter(`latchkey attach ${id}; echo ended with $?`);
    await second.shows({ line: [/^line 40$/, /^line 60$/, /^b> half$/] });
    expect(second.scrollback).toContain('line 1\nline 2\n');
    second.press('C-u');
    second.enter('pwd; exit 3');
    await second.shows({ line: [/^\/tmp$/, /^ended with 3$/] });
  });

  test('has its screen, title and modes restored when attached, and undone when left', async () => {
    using first = await site.start(DRAWING);
    await first.shows({ tabs: /^ {3}drawn 日本$/ });
    first.press('C-\\');
    await first.shows(/^ended with 255$/);
    expect([first.modes, first.hasMouse]).toEqual(['0 1', false]);
    const id = await site.id();
    using second = await site.shell();
    second.enter(`echo before; latchkey attach ${id}; echo ended with $?`);
    await second.shows({ tabs: /^ {3}drawn 日本$/, footer: /attached; \^\\ leaves it running/ });
    second.enter('hello');
    await second.shows({ lines: [/^ {3}drawn 日本$/, /^$/, /^$/, /^got hello$/], no: /leaves it running/ });
    expect([second.modes, second.hasMouse]).toEqual(['1 0', true]);
    expect(second.windowTitle).toBe('my title\n');
    expect(second.painted).toContain('\u001b[31mdrawn');
    second.press('C-\\');
    await second.shows({ line: [/^ended with 255$/] });
    expect([second.modes, second.hasMouse]).toEqual(['0 1', false]);
    expect(second.windowTitle).not.toBe('my title\n');
    await site.end(id);
  });

  test('is left with another key, or with none', async () => {
    using screen = await site.shell({ env: { LATCHKEY_DETACH_KEY: '^]' } });
    screen.enter(`clear; latchkey start sh -c 'stty -isig; echo ready; cat -v'; echo ended with $?`);
    await screen.shows(/^ready$/);
    screen.press('C-\\');
    screen.enter('after');
    await screen.shows(/^\^\\after$/);
    screen.press('C-]');
    await screen.shows(/^ended with 255$/);
    const id = await site.id();
    screen.enter(`clear; latchkey attach --detach-key none ${id}; echo ended with $?`);
    await screen.shows(/after/);
    screen.press('C-]');
    screen.enter('more');
    await screen.shows(/^\^\]more$/);
    screen.press('C-d');
    await screen.shows(/^ended with 0$/);
    screen.enter('clear; latchkey start --detach-key x true');
    await screen.shows({ lines: [/It must be \^ and$/, /^a letter or one of /] });
  });

  test('goes on by itself over a killed server, with nothing lost, sent twice or spoiled (X9)', async () => {
    using shell = await site.start(BASH);
    using drawing = await site.start(DRAWING);
    await shell.shows(/^b>$/);
    await drawing.shows({ tabs: /drawn 日本$/ });
    shell.press('echo be');
    await shell.shows(/^b> echo be$/);
    await site.daemon.end('SIGKILL');
    await shell.shows({
      line: [/^b> echo be$/, /latchkey: the server is lost; trying again; \^\\ leaves$/, /^b> echo be$/],
    });
    await drawing.shows({ tabs: /drawn 日本$/, footer: /trying again; \^\\ leaves/ });
    shell.enter('fore');
    drawing.enter('typed meanwhile');
    await site.daemon.serve();
    await shell.shows({ line: [/attached again$/, /^b> echo before$/, /^before$/, /^b>$/] });
    await drawing.shows({ tabs: /^ {3}drawn 日本$/, line: /^got typed meanwhile$/, no: /trying again/ });
    expect(shell.view.text.split('\n').filter((line) => line === 'before')).toHaveLength(1);
    shell.enter('exit');
    await shell.shows(/^ended with 0$/);
    drawing.press('C-d');
    await drawing.shows(/^ended with 0$/);
  });

  test('has one writer at a time, the last that attached, and each is told', async () => {
    using first = await site.start(DRAWING);
    await first.shows({ tabs: /drawn/ });
    const id = await site.id();
    using second = await site.shell({ columns: 100, rows: 30 });
    second.enter(`latchkey attach ${id}; echo ended with $?`);
    await first.shows({ footer: /another terminal writes now; this one watches/ });
    await second.shows({ tabs: /drawn/ });
    first.enter('from the first');
    second.enter('from the second');
    await second.shows(/^got from the second$/);
    await first.shows({ line: /^got from the second$/, no: /watches/ });
    await expect.poll(async () => (await site.daemon.as(alice).session(id)).terminal).toBe('100x30');
    second.press('C-\\');
    await second.shows(/^ended with 255$/);
    await first.shows({ footer: /this terminal writes again/ });
    first.enter('again');
    await first.shows({ line: /^got again$/, no: /writes again/ });
    await expect.poll(async () => (await site.daemon.as(alice).session(id)).terminal).toBe('80x24');
    first.press('C-d');
    await first.shows(/^ended with 0$/);
  });

  test('is watched with --watch, which passes nothing and which ^C leaves', async () => {
    using writer = await site.start(DRAWING);
    await writer.shows({ tabs: /drawn/ });
    const id = await site.id();
    using watcher = await site.shell({ columns: 90, rows: 30 });
    watcher.enter(`latchkey attach --watch ${id}; echo ended with $?`);
    await watcher.shows({ tabs: /drawn/, footer: /watching; \^\\ or \^C leaves/ });
    watcher.enter('not passed');
    writer.enter('passed');
    await watcher.shows({ line: /^got passed$/, no: /watching/ });
    expect((await site.daemon.as(alice).session(id)).terminal).toBe('80x24');
    watcher.press('C-c');
    await watcher.shows(/^ended with 255$/);
    writer.enter('still');
    await writer.shows({ line: /^got still$/, no: /writes/ });
    writer.press('C-d');
    await writer.shows(/^ended with 0$/);
  });

  test('is suspended with SIGTSTP, and shown again with fg', async () => {
    using screen = await site.start(DRAWING);
    await screen.shows({ tabs: /drawn/ });
    const pid = screen.foreground;
    process.kill(pid, 'SIGTSTP');
    await screen.shows(/Stopped|suspended/i);
    expect([screen.modes, screen.hasMouse]).toEqual(['0 1', false]);
    screen.enter('echo shell here');
    await screen.shows(/^shell here$/);
    screen.enter('fg; echo ended with $?');
    await screen.shows({ tabs: /^ {3}drawn 日本$/ });
    screen.enter('on');
    await screen.shows(/^got on$/);
    expect([screen.modes, screen.hasMouse]).toEqual(['1 0', true]);
    screen.press('C-d');
    await screen.shows(/^ended with 0$/);
  });

  test('may be a terminal multiplexer, within another one', async () => {
    using screen = await site.start('tmux -L inner -f /dev/null new -s inner sh');
    await screen.shows({ footer: /^\[inner\]/ });
    screen.enter('echo in $TMUX_PANE');
    await screen.shows(/^in %0$/);
    screen.press('C-\\');
    await screen.shows(/^ended with 255$/);
    const id = await site.id();
    screen.enter(`clear; latchkey attach ${id}; echo ended with $?`);
    await screen.shows({ line: /^in %0$/, footer: /attached/ });
    screen.resize(100, 30);
    screen.enter('stty size');
    await screen.shows({ line: /^29 100$/, footer: /^\[inner\]/ });
    screen.enter('exit');
    await screen.shows(/^ended with 0$/);
  });

  test('starts detached with a terminal of 80x24, and takes on the size of who attaches', async () => {
    const detached = ['start', '--detach', '--pty', '--', 'sh', '-c', 'stty size; read line; stty size'];
    const id = (await site.daemon.cli(alice, detached)).stdout.trim();
    using screen = await site.shell({ columns: 100, rows: 40 });
    screen.enter(`latchkey attach ${id}; echo ended with $?`);
    await screen.shows(/^24 80$/);
    screen.enter('');
    await screen.shows({ line: [/^24 80$/, /^40 100$/, /^ended with 0$/] });
  });
});
