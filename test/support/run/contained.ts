/**
 * `contained.ts COMMAND [ARGUMENT ...]`: runs a command for an ordinary user, who has no world that ends with
 * it (test/support/world). Its home and temporary folders are removed afterwards, and every process that it
 * has left behind is killed, orphans included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { becomeSubreaper } from '../../../src/native/process.ts';
import { isAlive, parseStat } from '../../../src/system/proc-stat.ts';

const FAILED = 1;
const POLL_MS = 20;

/** Returns the children of this process that have not ended. */
function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = parseStat(statOf(pid));
      return stat?.parent === process.pid && isAlive(stat);
    })
    .map(Number);
}

/** Returns the line of a process in /proc; '' when the process is gone. */
function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

becomeSubreaper();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-tests-'));
const [home, temporary] = ['home', 'tmp'].map((name) => join(folder, name));
for (const path of [home, temporary]) mkdirSync(path ?? '', { mode: 0o700 });
const { XDG_CONFIG_HOME: _, XDG_STATE_HOME: __, XDG_RUNTIME_DIR: ___, ...env } = process.env;
const [program = '', ...argv] = process.argv.slice(2);
const command = spawn(program, argv, { stdio: 'inherit', env: { ...env, HOME: home, TMPDIR: temporary } });
const [status] = await once(command, 'exit');
// A child that ends leaves its own children to this process.
for (let left = children(); left.length > 0; left = children()) {
  for (const pid of left) process.kill(pid, 'SIGKILL');
  await delay(POLL_MS);
}
rmSync(folder, { recursive: true });
process.exitCode = status ?? FAILED;
