import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeAllOnExec, reap } from './process.ts';
import { spawnProcess } from './spawn.ts';

// Descriptors that this test run itself has inherited.
closeAllOnExec();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-spawn-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a shell script with these arguments; returns its output. */
async function run(script: string, ...argv: string[]): Promise<string> {
  const input = openSync('/dev/null', 'r');
  const output = openSync(join(folder, 'output'), 'w');
  const environment = { PATH: '/usr/bin:/bin', NAME: 'a b=c' };
  const all = ['sh', '-c', script, ...argv];
  const descriptors = [input, output, output];
  const pid = spawnProcess({ path: '/bin/sh', argv: all, environment, directory: folder, descriptors });
  for (const fd of [input, output]) closeSync(fd);
  await expect.poll(() => reap(pid), { interval: 5, timeout: 10_000 }).toBe(true);
  return readFileSync(join(folder, 'output'), 'utf8').replaceAll(`${pid}`, 'PID');
}

it('gives a program its argv, environment and directory, and nothing else', async () => {
  expect(await run('printf "<%s>" "$0" "$@"; pwd; env | sort', 'zero', '', 'ü $x', '*')).toBe(
    `<zero><><ü $x><*>${folder}\nNAME=a b=c\nPATH=/usr/bin:/bin\nPWD=${folder}\n`,
  );
});

it('gives it a process session of its own, and the given descriptors', async () => {
  expect(await run('ps -o sid=,pgid= -p $$ | tr -s " "; ls /proc/self/fd | tr "\\n" " "')).toMatch(
    /^ ?PID PID\n0 1 2 3 (\d+ )*$/,
  );
});

it('gives it default signal dispositions, and blocks no signal', async () => {
  const sets = (await run('cat /proc/self/status')).match(/^Sig(?:Blk|Ign|Cgt):\s+(\w+)$/gm) ?? [];
  expect(sets.map((line) => line.split('\t')[1])).toEqual(['0'.repeat(16), '0'.repeat(16), '0'.repeat(16)]);
});

it('throws the error code when a program cannot be started', () => {
  const wanted = {
    path: '/bin/true',
    argv: ['true'],
    environment: {},
    directory: '/',
    descriptors: [0, 1, 2],
  };
  const starting = (change: object) => () => spawnProcess({ ...wanted, ...change });
  expect(starting({ path: '/no/such/program' })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(starting({ path: '/etc/passwd' })).toThrow(expect.objectContaining({ code: 'EACCES' }));
  expect(starting({ directory: '/no/such/directory' })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(starting({ argv: ['true', 'x'.repeat(3_000_000)] })).toThrow(
    expect.objectContaining({ code: 'E2BIG' }),
  );
});
