/** `latchkey cp`: files and folders go to the host and back, as the user. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alice, type Finished, type Run, root, runAs } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const MIB = 1024 * 1024;
const HERE = join(alice.home, 'here');
/** Folder of the host, as alice names it. */
const THERE = 'there';
const there = (...names: string[]): string => join(alice.home, THERE, ...names);
const here = (...names: string[]): string => join(HERE, ...names);

let daemon: TestDaemon;
let link: Run;

const cp = (...words: string[]): Promise<Finished> => daemon.cli(alice, ['cp', ...words], { cwd: HERE });

/** Writes a file of alice, with her folders above it. */
function write(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
  own(alice.home);
}

/** Gives everything in a folder to alice. */
function own(folder: string): void {
  execFileSync('chown', ['-hR', `${alice.uid}:${alice.uid}`, folder]);
}

describe('latchkey cp', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    link = await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  beforeEach(() => {
    for (const folder of [HERE, there()]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      chownSync(folder, alice.uid, alice.uid);
    }
  });

  test('copies a file to the host and back, and prints nothing', async () => {
    const content = randomBytes(3 * MIB + 17);
    write(here('a.bin'), content, 0o750);
    expect(await cp('a.bin', `:${THERE}`)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    expect(readFileSync(there('a.bin')).equals(content)).toBe(true);
    expect(await cp(`:${THERE}/a.bin`, 'b.bin')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(here('b.bin')).equals(content)).toBe(true);
    expect(statSync(here('b.bin')).mode & 0o777).toBe(0o750);
    expect(readdirSync(there())).toEqual(['a.bin']);
  });

  test('copies folders with everything in them, and with -p times and modes', async () => {
    write(here('tree/one/empty'), '', 0o600);
    write(here('tree/two.txt'), 'two\n', 0o640);
    mkdirSync(here('tree/none'), { mode: 0o700 });
    symlinkSync('../elsewhere/\u001b[31m', here('tree/link'));
    own(HERE);
    for (const name of ['tree/two.txt', 'tree/one', 'tree'])
      utimesSync(here(name), 1e9, 1_234_567_890.123_456);
    expect(await cp('-rp', 'tree', `:${THERE}`)).toMatchObject({ status: 0, stderr: '' });
    for (const name of ['two.txt', 'one', '']) {
      const one = statSync(here('tree', name));
      const other = statSync(there('tree', name));
      expect([name, other.mode, Math.round(other.mtimeMs * 1000)]).toEqual([
        name,
        one.mode,
        Math.round(one.mtimeMs * 1000),
      ]);
    }
    expect(readlinkSync(there('tree/link'))).toBe('../elsewhere/\u001b[31m');
    expect(await cp('-r', `:${THERE}/tree/.`, 'back')).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(here('back'), { recursive: true }).toSorted()).toEqual(
      readdirSync(here('tree'), { recursive: true }).toSorted(),
    );
    expect(lstatSync(here('back/one/empty')).size).toBe(0);
  });

  test('copies names that are not UTF-8, and shows none raw', async () => {
    const name = Buffer.from('caf\xe9 \x1b[31m', 'latin1');
    write(here('tree/plain'), 'plain');
    writeFileSync(Buffer.concat([Buffer.from(here('tree/')), name]), 'raw');
    chmodSync(Buffer.concat([Buffer.from(here('tree/')), name]), 0);
    own(HERE);
    const refused = await cp('-r', 'tree', `:${THERE}`);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toBe('latchkey: tree/caf\\udce9 \\x1b[31m: permission denied\n');
    chmodSync(Buffer.concat([Buffer.from(here('tree/')), name]), 0o600);
    expect(await cp('-r', 'tree', `:${THERE}`)).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(there('tree'), 'buffer').some((each) => each.equals(name))).toBe(true);
  });

  test('reports what cannot be copied, goes on with the rest, and counts it in --json', async () => {
    for (const name of ['tree/a', 'tree/closed/b', 'tree/c']) write(here(name), name);
    chmodSync(here('tree/c'), 0);
    chmodSync(here('tree/closed'), 0);
    execFileSync('mkfifo', [here('tree/fifo')]);
    const { status, stdout, stderr } = await cp('-r', '--json', 'tree', 'missing', `:${THERE}`);
    expect(stderr.split('\n').toSorted()).toEqual([
      '',
      'latchkey: missing: no such file or folder',
      'latchkey: tree/c: permission denied',
      'latchkey: tree/closed: permission denied',
      'latchkey: tree/fifo was skipped: it is a fifo',
    ]);
    expect(status).toBe(1);
    const counted = { files: 1, folders: 1, links: 0, unchanged: 0, skipped: 1, failed: 3, bytes: 6 };
    expect(JSON.parse(stdout)).toMatchObject(counted);
    chmodSync(here('tree/closed'), 0o755);
    // The host reports as the client does.
    rmSync(there('tree'), { recursive: true });
    execFileSync('mv', [here('tree'), there('tree')]);
    const back = await cp('-r', `:${THERE}/tree`, '.');
    expect(back).toMatchObject({ status: 1, stdout: '' });
    expect(back.stderr.split('\n').toSorted()).toEqual([
      '',
      `latchkey: :${THERE}/tree/c: permission denied`,
      `latchkey: :${THERE}/tree/fifo was skipped: it is a fifo`,
    ]);
    expect(readdirSync(here('tree'))).toEqual(['a', 'closed']);
  });

  test('refuses a command line that says nothing sensible, with the reason', async () => {
    write(here('a'), 'a');
    const refused = async (...words: string[]): Promise<string> => {
      const { status, stderr } = await cp(...words);
      return `${status} ${stderr}`;
    };
    expect(await refused('a', 'b')).toMatch(/^2 latchkey: ':' marks the paths of the host/);
    expect(await refused(':a', ':b')).toMatch(/^2 latchkey: a copy within the host needs no other/);
    expect(await refused('x/a', 'a', ':there')).toMatch(/^2 latchkey: two of the sources are called 'a'/);
    expect(await refused('a', '', ':')).toMatch(/^2 latchkey: a path is empty/);
    expect(await refused('.', ':')).toMatch(/^1 latchkey: \.: it is a folder; add -r/);
    expect(await refused('a', ':no/such/a')).toMatch(
      /^1 latchkey: cannot copy to 'no\/such\/a': no such file/,
    );
    expect(await refused(':nothing', '.')).toBe('1 latchkey: :nothing: no such file or folder\n');
  });

  test('runs as the user, whatever program of that name is in the PATH (F10)', async () => {
    write(join(alice.home, 'bin/latchkey:copy'), '#!/bin/sh\necho hijacked\n', 0o755);
    write(here('a'), 'a');
    expect(await cp('a', `:${THERE}`)).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(there('a')).uid).toBe(alice.uid);
    expect(await cp('a', ':/etc/a')).toMatchObject({ status: 1, stderr: 'latchkey: a: permission denied\n' });
    const listed = (await daemon.json(alice, ['sessions'])) as { sessions: { command: string[] }[] };
    expect(listed.sessions.map(({ command }) => command)).toContainEqual([
      'latchkey:copy',
      'receive',
      '/etc/a',
    ]);
  });

  describe('that is interrupted', () => {
    const content = randomBytes(48 * MIB);
    const part = there('.large.latchkey-part');
    const arrived = (): Promise<void> =>
      expect
        .poll(() => (existsSync(part) ? statSync(part).size : 0), { timeout: 60_000, interval: 5 })
        .toBeGreaterThan(MIB);
    beforeEach(() => {
      for (const name of ['tree/a', 'tree/z']) write(here(name), name);
      write(here('tree/large'), content);
    });

    const complete = (): void => {
      for (const name of ['a', 'large', 'z'])
        expect(readFileSync(there(name)).equals(readFileSync(here('tree', name)))).toBe(true);
      expect(readdirSync(there())).toEqual(['a', 'large', 'z']);
    };
    const begin = (): Run => daemon.begin(alice, ['cp', '-rp', 'tree/.', `:${THERE}`], { cwd: HERE });

    test('with ^C leaves no half file, no session, and is continued with --resume', async () => {
      const run = begin();
      await arrived();
      run.kill('SIGINT');
      const { status, stderr } = await run.finished;
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: 'latchkey: copied 1 file, 0 KiB; to go on, repeat it with --resume\nlatchkey: interrupted\n',
      });
      expect(readdirSync(there())).toEqual(['.large.latchkey-part', 'a']);
      const listed = (await daemon.json(alice, ['sessions', '--state', 'running'])) as {
        sessions: unknown[];
      };
      expect(listed.sessions).toEqual([]);
      const inode = statSync(part).ino;
      const again = await cp('-r', '--resume', '--json', 'tree/.', `:${THERE}`);
      expect(JSON.parse(again.stdout)).toMatchObject({ files: 2, unchanged: 1, failed: 0 });
      expect(statSync(there('large')).ino).toBe(inode);
      complete();
    }, 120_000);

    test.each(['SIGTERM', 'SIGKILL'] as const)(
      'by a restart of the server (%s) goes on by itself',
      async (signal) => {
        const run = begin();
        await arrived();
        await daemon.end(signal);
        await daemon.serve();
        const { status, stderr } = await run.finished;
        expect(stderr).toMatch(/^latchkey: .*; trying again\nlatchkey: going on\n$/);
        expect(status).toBe(0);
        complete();
      },
      120_000,
    );

    test('by the end of its link, which is that of its login, is continued after the next login', async () => {
      const run = begin();
      await arrived();
      link.kill('SIGKILL');
      const { status, stderr } = await run.finished;
      expect([status, stderr]).toEqual([3, expect.stringMatching(/its link has stopped/)]);
      link = await daemon.link(alice);
      await daemon.cli(alice, ['sessions', 'end', '--login', 'alice']); // which would end within half a minute
      const again = await cp('-r', '--resume', 'tree/.', `:${THERE}`);
      expect(again).toMatchObject({ status: 0, stderr: '' });
      complete();
    }, 120_000);

    test('by the revocation of its token ends, and the file is not there', async () => {
      const run = begin();
      await arrived();
      await daemon.cli(root, ['tokens', 'revoke', '--login', 'alice', '--end-sessions']);
      const { status, stderr } = await run.finished;
      expect(status).toBe(3);
      expect(stderr).toMatch(/copied 1 file, .* --resume\nlatchkey: this login has ended/);
      expect(existsSync(there('large'))).toBe(false);
      link = await daemon.link(alice);
    }, 120_000);
  });

  test('shows its progress on a terminal, and nothing in a pipe', async () => {
    write(here('large'), randomBytes(64 * MIB));
    const line = `${program()} cp --run ${daemon.runFolder} large :${THERE}`;
    const shown = await runAs(alice, ['script', '-qec', line, '/dev/null'], { cwd: HERE }).finished;
    expect(shown.stdout).toMatch(/copying: 0 files, .* MiB, .*\/s, large \d+% … \d+ s/);
    expect(shown.stdout).toMatch(/latchkey: copied 1 file, 64 MiB\r\n$/);
  });

  test('ends with a reason when the disk is full, and what is complete stays', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=4m,uid=${alice.uid},mode=0700`, 'none', there()]);
    try {
      write(here('a'), randomBytes(MIB));
      write(here('b'), randomBytes(16 * MIB));
      write(here('c'), randomBytes(MIB));
      const { status, stderr } = await cp('a', 'b', 'c', `:${THERE}`);
      expect({ status, stderr }).toEqual({ status: 1, stderr: 'latchkey: b: no space left on the device\n' });
      expect(readdirSync(there())).toEqual(['a', 'c']);
    } finally {
      execFileSync('umount', [there()]);
    }
  });
});
