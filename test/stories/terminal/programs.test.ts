/** Programs in a terminal, as over ssh -t: shells with job control, pagers, editors, pasted text (X9). */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alice } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { BASH, TerminalSite } from '../../support/terminal/terminal-site.ts';

describe('a program in a terminal', needs('world', 'tmux', 'bash'), () => {
  const site = TerminalSite.ofSuite();

  test('is the login shell where no command is given', async () => {
    using screen = await site.start('');
    screen.enter('echo $0 on $(tty) in $PWD');
    await screen.shows(/-\S*sh on \/dev\/pts\/\d+ in \/mnt\/home\/alice$/);
    screen.enter('exit 7');
    await screen.shows(/^ended with 7$/);
  });

  test('has job control: ^Z, fg and ^C reach it and not this command', async () => {
    using screen = await site.start(BASH);
    await screen.shows(/^b>$/);
    screen.enter("sh -c 'echo on; exec sleep 3000'");
    await screen.shows(/^on$/);
    screen.press('C-z');
    await screen.shows(/Stopped +sh -c/);
    screen.enter('fg');
    await screen.shows({ line: ['fg', /^sh -c 'echo on; exec sleep 3000'$/] });
    screen.press('C-c');
    screen.enter('echo status $?');
    await screen.shows(/^status 130$/);
    screen.press('C-d');
    await screen.shows(/^ended with 0$/);
  });

  test('ends with its own status, and with 128 + n where a signal ends it', async () => {
    using screen = await site.start("sh -c 'kill -9 $$'");
    await screen.shows(/^ended with 137$/);
    screen.enter("latchkey start sh -c 'test -t 0 && test -t 1 && test -t 2 && exit 5'; echo ended with $?");
    await screen.shows(/^ended with 5$/);
  });

  test('knows the terminal and the language of its user, and nothing else of the environment', async () => {
    const env = { COLORTERM: 'truecolor', LC_TIME: 'C', SECRET: 'hidden' };
    using screen = await site.shell({ env });
    screen.enter("latchkey start --env LC_TIME=de_DE.UTF-8 sh -c 'env | sort'");
    const { text } = await screen.shows({ each: [/^TERM=tmux-256color$/, /^COLORTERM=truecolor$/] });
    expect(text).toMatch(/^LANG=C.UTF-8$/m);
    expect(text).toMatch(/^LC_TIME=de_DE.UTF-8$/m);
    expect(text).not.toContain('hidden');
  });

  test('follows the size of the terminal, however often that changes', async () => {
    using screen = await site.start(
      'bash -c \'trap "stty size" WINCH; stty size; while :; do sleep 0.05; done\'',
    );
    await screen.shows(/^24 80$/);
    for (let times = 0; times < 40; times += 1) screen.resize(60 + times, 20 + (times % 10));
    screen.resize(97, 31);
    await screen.shows(/^31 97$/);
    await expect
      .poll(async () => (await site.daemon.as(alice).session(await site.id())).terminal)
      .toBe('97x31');
    screen.press('C-c');
  });

  test('shows wide characters and emoji as they are, and takes them as input', async () => {
    using screen = await site.start('cat');
    screen.enter('日本語 👍🏽 é ñ');
    await screen.shows({ lines: ['日本語 👍🏽 é ñ', '日本語 👍🏽 é ñ'] });
    screen.press('C-d');
  });

  test('gets a text of 1 MB that is pasted byte by byte as it is', { timeout: 60_000 }, async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 7 + (at >> 8)) % 256));
    const file = join(alice.home, 'pasted');
    writeFileSync(file, bytes);
    using screen = await site.start(
      `sh -c 'stty raw -echo; echo ready; head -c ${bytes.length} | sha256sum; stty sane; echo over'`,
    );
    await screen.shows(/^ready$/);
    screen.paste(file);
    await screen.shows(new RegExp(createHash('sha256').update(bytes).digest('hex')));
    await screen.shows(/ended with 0$/);
  });

  test('writes nothing of its own to a terminal that shows sequences as text', async () => {
    using screen = await site.shell();
    const written = await screen.written(async () => {
      screen.enter('TERM=dumb latchkey start echo plain; echo ended with $?');
      await screen.shows({ lines: [/^plain$/, /^ended with 0$/] });
    });
    expect(written).toContain('\r\nplain\r\nended with 0\r\n');
  });

  test('may draw on the whole screen, which is restored at its end: less', needs('less'), async () => {
    writeFileSync(
      join(alice.home, 'long'),
      Array.from({ length: 500 }, (_, at) => `line ${at + 1}\n`).join(''),
    );
    using screen = await site.shell();
    screen.enter('echo before; latchkey start less long; echo ended with $?');
    await screen.shows({ header: /^line 1$/ });
    expect(screen.modes).toBe('1 1');
    screen.press('G');
    await screen.shows({ prompt: /^line 500$/ });
    screen.press('q');
    await screen.shows({ line: [/^before$/, /^ended with 0$/] });
    expect(screen.modes).toBe('0 1');
  });

  test('may be an editor: vi', needs('vi'), async () => {
    using screen = await site.start('vi -u NONE edited');
    await screen.shows({ line: /^~$/ });
    screen.press('i');
    screen.enter('first');
    screen.press('second', 'Escape');
    screen.enter(':wq');
    await screen.shows(/^ended with 0$/);
    expect(readFileSync(join(alice.home, 'edited'), 'utf8')).toBe('first\nsecond\n');
    expect(screen.modes).toBe('0 1');
  });

  test('has none with -T, in a pipe or with --no-stdin, and one with -t in any case', async () => {
    using screen = await site.start("-T sh -c 'test -t 0 || echo none'");
    await screen.shows({ line: ['none', /^ended with 0$/] });
    screen.enter(
      "clear; latchkey start sh -c 'test -t 0 || echo none' | cat; latchkey start -n sh -c 'test -t 0'; echo $?",
    );
    await screen.shows({ line: [/^none$/, /^1$/] });
    const { daemon } = site;
    const forced = await daemon.cli(alice, ['start', '-t', '--', 'sh', '-c', 'stty size; cat'], {
      input: 'a\nb',
    });
    expect(forced).toMatchObject({ status: 0, stderr: '' });
    expect(forced.stdout).toContain('24 80\r\n');
    expect(forced.stdout).toContain('a\r\nb');
    const refused = await daemon.cli(alice, ['start']);
    expect(refused).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('a login shell needs a terminal'),
    });
  });

  test('leaves the settings of the terminal as they were, whatever ends it', async () => {
    using screen = await site.shell();
    screen.enter('stty -a | md5sum');
    const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
    const script = `sh -c 'printf "\\\\033[?1049h\\\\033[?25l\\\\033[?1000hdrawn"; sleep 3000'`;
    for (const end of ['SIGTERM', 'SIGQUIT', 'SIGHUP', 'C-c']) {
      screen.enter(`clear; latchkey start ${script}; echo ended with $?`);
      await screen.shows({ header: /drawn$/ });
      expect([screen.modes, screen.hasMouse]).toEqual(['1 0', true]);
      if (end === 'C-c') screen.press(end);
      else process.kill(screen.foreground, end);
      await screen.shows(/^ended with \d+$/);
      expect([screen.modes, screen.hasMouse]).toEqual(['0 1', false]);
      screen.enter('clear; stty -a | md5sum');
      await screen.shows(new RegExp(settings));
    }
  });
});
