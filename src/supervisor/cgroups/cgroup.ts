/**
 * One cgroup (cgroups(7), version 2): a set of processes that no member can leave by forking, setsid(2)
 * or changing its uid, and that the kernel kills as a whole. All information about the members comes from
 * the kernel.
 */
import { constants } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';

const POLL_MS = 5;

/** The result of killing the processes of a cgroup. */
export interface EndedCgroup {
  /** Pids of the processes that were killed. */
  readonly killed: readonly number[];
  /** Pids of the processes that are left; 0 for one in another pid namespace. */
  readonly left: readonly number[];
}

export class Cgroup {
  /** Its directory. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  child(name: string): Cgroup {
    return new Cgroup(join(this.path, name));
  }

  /** Returns the names of its children; none when it is gone. */
  async children(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true }).catch(unlessGone([]));
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true });
  }

  /** Moves the process `pid` into it. */
  async add(pid: number): Promise<void> {
    await this.write('cgroup.procs', `${pid}`);
  }

  async read(file: string): Promise<string> {
    return readFile(join(this.path, file), 'utf8');
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.path, file), text, { flag: constants.O_WRONLY });
  }

  /** Returns the processes in it and below. */
  async processes(): Promise<number[]> {
    const own = await this.read('cgroup.procs').catch(unlessGone(''));
    const below = (await this.children()).map((name) => this.child(name).processes());
    const pids = own.split('\n').filter((line) => line !== '');
    return [...pids.map(Number), ...(await Promise.all(below)).flat()];
  }

  /** Returns true when no process is in it or below. */
  async isEmpty(): Promise<boolean> {
    const events = await this.read('cgroup.events').catch(unlessGone('populated 0'));
    return /^populated 0$/m.test(events);
  }

  /**
   * Returns the number of its processes that the kernel has killed because memory had run out (memory.events
   * in cgroups(7)); undefined when it does not count them.
   */
  async oomKills(): Promise<number | undefined> {
    const events = await this.read('memory.events').catch(() => '');
    const [, count] = /^oom_kill (\d+)$/m.exec(events) ?? [];
    return count === undefined ? undefined : Number(count);
  }

  /** Waits up to `timeoutMs` for it to become empty; returns whether it is. */
  async waitUntilEmpty(timeoutMs: number): Promise<boolean> {
    for (const deadline = performance.now() + timeoutMs; ; await delay(POLL_MS)) {
      if (await this.isEmpty()) return true;
      if (performance.now() > deadline) return false;
    }
  }

  /**
   * Kills all processes in it and below, including those that they fork meanwhile, and waits up to
   * `timeoutMs` for their end.
   */
  async end(timeoutMs: number): Promise<EndedCgroup> {
    const before = await this.processes();
    await this.write('cgroup.kill', '1').catch(unlessGone(undefined));
    if (await this.waitUntilEmpty(timeoutMs)) return { killed: before, left: [] };
    const left = await this.processes();
    return { killed: before.filter((pid) => !left.includes(pid)), left };
  }

  /** Removes it and its children, as far as they are empty. */
  async remove(): Promise<void> {
    for (const name of await this.children()) await this.child(name).remove();
    await rmdir(this.path).catch(() => {}); // EBUSY, ENOTEMPTY, ENOENT: in use, or gone
  }
}

/** Returns `fallback` when the cgroup has been removed (ENODEV for a file that was open). */
function unlessGone<T>(fallback: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENODEV') return fallback;
    throw error;
  };
}
