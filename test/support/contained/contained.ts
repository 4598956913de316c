/**
 * `contained.ts COMMAND [ARGUMENT ...]`: runs a command for an ordinary user, who has no world that ends with
 * it (test/support/world). It gets home and temporary folders of its own, which are removed afterwards, and
 * every process that it has left behind is killed, orphans included. Links use the home folder of the user
 * database nevertheless: PERSONS_HOME names it for those who look at what is left there (left-behind.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readProcesses } from '../../../src/link/processes/processes.ts';
import { becomeSubreaper } from '../../../src/native/process.ts';
import { isAlive } from '../../../src/system/proc-stat.ts';

const FAILED = 1;
const POLL_MS = 20;
/** Folders that a link makes in its user's home, and leaves there for the next one. */
const MADE_BY_LINKS = ['.local/state/latchkey', '.local/state', '.local'];

/** Returns the children of this process that have not ended. */
function children(): number[] {
  return readProcesses()
    .filter((each) => each.parent === process.pid && isAlive(each))
    .map(({ pid }) => pid);
}

/** Returns the variables of this process without those that name folders of the person. */
function ownVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('XDG_')));
}

/** Removes an empty folder; any other stays. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // never made, or in use
  }
}

becomeSubreaper();
const { PERSONS_HOME = userInfo().homedir } = process.env;
const notYetMade = MADE_BY_LINKS.map((path) => join(PERSONS_HOME, path)).filter((path) => !existsSync(path));
// Its name is short, since those of sockets have at most 107 bytes (unix(7)).
const TMPDIR = mkdtempSync(join(tmpdir(), 'lk-'));
const HOME = join(TMPDIR, 'home');
mkdirSync(HOME, { mode: 0o700 });
const [program = '', ...argv] = process.argv.slice(2);
const env = { ...ownVariables(), PERSONS_HOME, HOME, TMPDIR };
const command = spawn(program, argv, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => command.kill('SIGKILL'));
const [status] = await once(command, 'exit');
// A child that ends leaves its own children to this process.
for (let left = children(); left.length > 0; left = children()) {
  for (const pid of left) process.kill(pid, 'SIGKILL');
  await delay(POLL_MS);
}
rmSync(TMPDIR, { recursive: true });
for (const path of notYetMade) removeEmpty(path);
process.exitCode = status ?? FAILED;
