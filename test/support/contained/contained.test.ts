/** A run of the tests by an ordinary user leaves nothing on the machine (contained.ts). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProcess } from '../../../src/link/processes/processes.ts';
import { isAlive } from '../../../src/system/proc-stat.ts';
import { closingLines } from '../run/closing-lines.ts';

const CONTAINED = join(import.meta.dirname, 'contained.ts');

/** Leaves a process, files, and the folders that links make; prints where. */
const LEAVE = `
(setsid sleep 1000 >/dev/null & echo $!)
mkdir -p "$PERSONS_HOME/.local/state/latchkey"
touch "$HOME/file" "$TMPDIR/file"
echo "$HOME" && echo "$TMPDIR"
exec >/dev/null`;

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'latchkey-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Runs a script contained, for a person with this home. */
function contained(script: string) {
  const argv = ['--disable-warning=ExperimentalWarning', CONTAINED, 'sh', '-c', script];
  const env = { ...process.env, PERSONS_HOME: home };
  return spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], env });
}

/** Expects that nothing is left of what LEAVE has printed. */
function expectNothingOf(printed: string): void {
  const [pid, ...folders] = printed.trim().split('\n');
  expect(folders).toHaveLength(2);
  const left = readProcess(Number(pid));
  expect(left && isAlive(left), `process ${pid} runs`).not.toBe(true);
  for (const folder of folders) expect(existsSync(folder), folder).toBe(false);
  expect(readdirSync(home), "the person's home").toEqual([]);
}

describe('a run of an ordinary user', () => {
  test('leaves neither processes nor files, and ends with the status of the command', async () => {
    const run = contained(`${LEAVE}\nexit 3`);
    const [printed, [status]] = await Promise.all([text(run.stdout), once(run, 'exit')]);
    expectNothingOf(printed);
    expect(status).toBe(3);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves nothing when %s ends it', async (signal) => {
    const run = contained(`${LEAVE}\nsleep 1000`);
    const ended = once(run, 'exit');
    let printed = '';
    for await (const chunk of run.stdout) {
      printed += chunk;
      if (printed.split('\n').length > 3) run.kill(signal);
    }
    expect(await ended).toEqual([1, null]);
    expectNothingOf(printed);
  });

  test('keeps folders of the person, even empty ones', async () => {
    mkdirSync(join(home, '.local/state'), { recursive: true });
    const run = contained('mkdir -p "$PERSONS_HOME/.local/state/latchkey"');
    expect(await once(run, 'exit')).toEqual([0, null]);
    expect(readdirSync(join(home, '.local'))).toEqual(['state']);
    expect(readdirSync(join(home, '.local/state'))).toEqual([]);
  });

  test("fails in its last line when a test leaves something in the person's home", async () => {
    const lines = await closingLines(
      'test/support/contained/leaving-tests.ts',
      { PERSONS_HOME: home },
      CONTAINED,
    );
    expect(lines).toContain(`FAIL left behind: ${join(home, '.local/state/latchkey/lk-1')}`);
    expect(lines.at(-1)).toMatch(/^1 passed, [1-9]\d* failed, 0 skipped$/);
  });
});
