/** Exported sessions: what a terminal showed, as an asciicast, and the bytes of any session. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { alice, bob, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import type { Screen } from '../../support/terminal/screen.ts';
import { BASH, TerminalSite } from '../../support/terminal/terminal-site.ts';

/** A program that draws on the alternate screen, then shows what it gets, with characters cut in two. */
const DRAWING = [
  String.raw`sh -c 'stty -echo; printf "\033[?1049h\033[2J\033[2;4H\033[31mdrawn \346\227"; read go; `,
  String.raw`printf "\245\346\234\254\033[m"; while read line; `,
  String.raw`do printf "\033[4;1Hsize $(stty size)\033[6;1Hgot $line\033[K"; done'`,
].join('');

interface Cast {
  readonly header: Record<string, unknown>;
  readonly events: readonly (readonly [number, string, string])[];
}

function parsed(text: string): Cast {
  const [header, ...events] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { header, events };
}

/** Returns the lines that a terminal shows after it has played a cast. */
async function replayed({ header, events }: Cast): Promise<string[]> {
  const term = Object(header.term ?? {});
  const terminal = new headless.Terminal({
    cols: Number(header.width ?? term.cols),
    rows: Number(header.height ?? term.rows),
    allowProposedApi: true,
  });
  for (const [, code, data] of events) {
    if (code === 'o') await new Promise<void>((resolve) => terminal.write(data, resolve));
    const [columns = 0, rows = 0] = data.split('x').map(Number);
    if (code === 'r') terminal.resize(columns, rows);
  }
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => {
    return (
      active
        .getLine(active.baseY + row)
        ?.translateToString(true)
        .trimEnd() ?? ''
    );
  });
}

/** Returns the lines of a terminal, blank ones at its end included. */
function linesOf(screen: Screen, rows: number): string[] {
  const lines = screen.view.text.split('\n').map((line) => line.trimEnd());
  return Array.from({ length: rows }, (_, row) => lines[row] ?? '');
}

describe('a session that is exported', needs('world', 'tmux', 'bash'), () => {
  const site = TerminalSite.ofSuite();
  const exported = (id: string, ...words: string[]) =>
    site.daemon.cli(alice, ['sessions', 'export', id, ...words]);

  test.each([2, 3])('as an asciicast v%i shows what attaching shows (X9)', async (version) => {
    using screen = await site.start(DRAWING);
    await screen.shows({ tabs: /drawn/ });
    screen.enter('go');
    await screen.shows({ tabs: /^ {3}drawn 日本$/ });
    screen.resize(100, 30);
    const id = await site.id();
    await expect.poll(async () => (await site.daemon.as(alice).session(id)).terminal).toBe('100x30');
    screen.enter('hello');
    await screen.shows({ lines: [/^size 30 100$/, /^$/, /^got hello$/] });
    screen.press('C-\\');
    await screen.shows(/^ended with 255$/);
    screen.enter(`clear; latchkey attach ${id}; echo ended with $?`);
    await screen.shows({ tabs: /^ {3}drawn 日本$/, footer: /attached/ });
    screen.enter('again');
    await screen.shows({ line: /^got again$/, no: /attached/ });
    const { stdout, stderr, status } = await exported(id, '--format', `asciicast-v${version}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const cast = parsed(stdout);
    expect(await replayed(cast)).toEqual(linesOf(screen, 30));
    expect(cast.events.filter(([, code]) => code === 'r').map(([, , size]) => size)).toEqual(['100x30']);
    expect(cast.header).toMatchObject({
      version,
      title: `session ${id}`,
      command: expect.stringMatching(/^sh -c /),
      env: { SHELL: '/bin/sh' },
    });
    if (version === 3)
      expect(cast.header).toMatchObject({ term: { cols: 80, rows: 24, type: 'tmux-256color' } });
    else expect(cast.header).toMatchObject({ width: 80, height: 24, env: { TERM: 'tmux-256color' } });
    const times = cast.events.map(([time]) => time);
    if (version === 2) expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(times.every((time) => time >= 0)).toBe(true);
  });

  test('has its exit status in version 3, and its bytes as they were in raw', async () => {
    using screen = await site.start(String.raw`sh -c 'printf "\377\033[31m\342\202"; exit 7'`);
    await screen.shows(/ended with 7$/);
    const [{ id = '' } = {}] = await site.daemon.as(alice).sessions('--state', 'ended');
    const cast = parsed((await exported(id, '--format', 'asciicast-v3')).stdout);
    expect(cast.events.map(([, code, data]) => [code, data])).toEqual([
      ['o', '\ufffd\x1b[31m'],
      ['o', '\ufffd'],
      ['x', '7'],
    ]);
    const file = join(alice.home, 'raw');
    expect(await exported(id, '--format', 'raw', '-o', file)).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(file).toString('latin1')).toBe('\xff\x1b[31m\xe2\x82');
  });

  test('goes on over a killed link, and says which output may be older', async () => {
    const detached = ['start', '--detach', '--pty', '--', 'sh', '-c', 'echo one; read line; echo two'];
    const id = (await site.daemon.cli(alice, detached)).stdout.trim();
    await expect
      .poll(async () => (await site.daemon.cli(alice, ['sessions', 'read', id])).stdout)
      .toBe('one\r\n');
    const [link] = await site.daemon.as(alice).links();
    process.kill(Number(link?.pid), 'SIGKILL');
    await site.daemon.link(alice);
    using screen = await site.shell();
    screen.enter(`clear; latchkey attach ${id}; echo ended with $?`);
    await screen.shows(/^one$/);
    screen.enter('go');
    await screen.shows(/^ended with 0$/);
    const { stdout, stderr } = await exported(id);
    expect(parsed(stdout).events.map(([, code]) => code)).toEqual(expect.arrayContaining(['m']));
    expect(stderr).toContain('may be older than its time');
    expect((await replayed(parsed(stdout))).filter((line) => line !== '')).toEqual(['one', 'go', 'two']);
  });

  test('without a terminal is its bytes, each stream where it was printed', async () => {
    const script = 'for i in $(seq 1 20000); do echo out $i; echo err $i >&2; done';
    const { stdout: started } = await site.daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', script]);
    const id = started.trim();
    await site.daemon.cli(alice, ['sessions', 'read', '--follow', id]);
    const { stdout, stderr } = await exported(id);
    const read = await site.daemon.cli(alice, ['sessions', 'read', id]);
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    expect([stdout, stderr].map(hash)).toEqual([read.stdout, read.stderr].map(hash));
    const refused = await exported(id, '--format', 'asciicast-v2');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('has no terminal: it can only be exported with --format raw');
  });

  test('goes to a file that only its user can read, and that is not replaced unasked', async () => {
    const { stdout: started } = await site.daemon.cli(alice, [
      'start',
      '--detach',
      '--pty',
      '--',
      'sleep',
      '60',
    ]);
    const id = started.trim();
    const file = join(alice.home, 'kept.cast');
    expect(await exported(id, '--output', file)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(statSync(file)).toMatchObject({ uid: alice.uid, mode: 0o100600 });
    const first = readFileSync(file, 'utf8');
    expect(parsed(first)).toMatchObject({ header: { command: 'sleep 60' }, events: [] });
    const refused = await exported(id, '--output', file, '--title', 'new');
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--force replaces it') });
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect(await exported(id, '--output', file, '--title', 'new', '--force')).toMatchObject({ status: 0 });
    expect(parsed(readFileSync(file, 'utf8')).header).toMatchObject({ title: 'new' });
  });

  test('is exported by its owner alone, and by nobody while it is cordoned', async () => {
    using screen = await site.start(BASH);
    await screen.shows(/^b>$/);
    const id = await site.id();
    await site.daemon.link(bob);
    const file = join(bob.home, 'stolen.cast');
    const export_ = ['sessions', 'export', id, '-o', file];
    expect(await site.daemon.cli(bob, export_)).toMatchObject({ status: 5 });
    const cordon = ['sessions', 'cordon', id, '--message', 'kept'];
    expect(await site.daemon.cli(root, cordon)).toMatchObject({ status: 0 });
    const refused = await exported(id);
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toContain('has cordoned this session: kept');
    expect(existsSync(file)).toBe(false);
  });
});
