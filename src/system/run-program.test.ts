import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runProgram } from './run-program.ts';

afterEach(() => vi.unstubAllEnvs());

test('a program answers with its status and output', async () => {
  const answer = await runProgram('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3']);
  expect(answer).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
});

test('a program gets none of the variables of this one', async () => {
  vi.stubEnv('LATCHKEY_TOKENS_SECRET', 'secret');
  const { stdout } = await runProgram('/usr/bin/env', []);
  expect(stdout.trim().split('\n').sort()).toEqual(['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
});

test.each([
  ['is missing', '/nonexistent/program'],
  ['is killed', 'kill -9 $$'],
  ['prints more than is wanted', 'head -c 1001 /dev/zero'],
  ['prints more than is wanted on standard error', 'head -c 1001 /dev/zero >&2'],
])('a program that %s is no answer', async (_what, script) => {
  const isMissing = script.startsWith('/');
  const run = runProgram(isMissing ? script : '/bin/sh', ['-c', script], 1_000);
  await expect(run).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
});

test('at most 32 programs run at once, and all answer', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'latchkey-run-'));
  const log = join(folder.path, 'log');
  const script = 'echo + >> "$1"; sleep 0.1; echo - >> "$1"';
  const asked = Array.from({ length: 100 }, () => runProgram('/bin/sh', ['-c', script, 'sh', log]));
  for (const { status } of await Promise.all(asked)) expect(status).toBe(0);
  let running = 0;
  let most = 0;
  for (const sign of readFileSync(log, 'utf8').trim().split('\n')) {
    running += sign === '+' ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(running).toBe(0);
  expect(most).toBeLessThanOrEqual(32);
});

test('when all are busy and do not end, those that wait get no answer either', {
  timeout: 20_000,
}, async () => {
  const asked = Array.from({ length: 40 }, () => runProgram('/bin/sleep', ['60']));
  for (const outcome of await Promise.allSettled(asked))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'UNAVAILABLE' } });
  expect(await runProgram('/bin/true', [])).toMatchObject({ status: 0 });
});
