/** What can go wrong with the daemon's disk while it works. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestDaemon } from '../support/daemon.ts';
import { emptyDisk, fillDisk } from '../support/fill-disk.ts';
import type { Random } from './random.ts';

export const TROUBLES = ['none', 'disk', 'fsync'] as const;
export type TroubleName = (typeof TROUBLES)[number];

export interface Trouble {
  /** Whether there is any. */
  readonly isReal: boolean;
  /** Where the daemon's state has to lie, if it matters. */
  readonly state?: string;
  /** Comes and goes while the daemon works. */
  pass(daemon: TestDaemon, random: Random): Promise<void>;
  /** Takes away what is left of it. */
  end(): void;
}

const STATE = '/mnt/small-state';
const STATE_MEBIBYTES = 12;

export function troubleOf(name: TroubleName): Trouble {
  if (name === 'disk') return fullDisk();
  if (name === 'fsync') return { isReal: true, pass: failFsync, end: () => {} };
  return { isReal: false, pass: async () => {}, end: () => {} };
}

/** Why `name` cannot be had here, or undefined when it can. */
export function whyNotTrouble(name: TroubleName): string | undefined {
  if (name !== 'fsync') return undefined;
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs strace, and to be allowed to trace processes';
  }
}

/** A small disk of its own (TEST_WORLD has its own mounts), filled and emptied at random. */
function fullDisk(): Trouble {
  mkdirSync(STATE, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${STATE_MEBIBYTES}m,mode=0700`, 'none', STATE]);
  return {
    isReal: true,
    state: STATE,
    pass: async (_daemon, random) => {
      for (let times = random.between(1, 3); times > 0; times--) {
        fillDisk(STATE);
        await delay(random.between(5, 300));
        if (random.chance(0.5)) fillDisk(STATE); // what revocations have freed to get through
        await delay(random.between(5, 300));
        if (times > 1 || random.chance(0.5)) emptyDisk(STATE);
      }
    },
    end: () => emptyDisk(STATE),
  };
}

/** Some of the daemon's next syncs fail with EIO (strace(1), inject). */
async function failFsync({ pid }: TestDaemon, random: Random): Promise<void> {
  const last = random.between(1, 6);
  const inject = `inject=fdatasync,fsync:error=EIO:when=1..${last}`;
  const argv = ['-f', '-q', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync', '-e', inject, '-p', `${pid}`];
  const strace = spawn('strace', argv, { stdio: 'ignore' });
  const gone = once(strace, 'exit');
  await Promise.race([gone, delay(random.between(150, 400))]);
  strace.kill('SIGTERM');
  await gone;
}
