/**
 * One cgroup (cgroups(7), version 2): a set of processes that none of them leaves by forking, by setsid or by another
 * uid, and that the kernel ends as one. What is said here of processes is the kernel's word.
 */
import { constants } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';

const LOOK_MS = 5;

/** What came of ending the processes of a cgroup. */
export interface EndedCgroup {
  /** The pids of those that were killed. */
  readonly killed: readonly number[];
  /** The pids of those that are left; 0 for one of another pid namespace. */
  readonly left: readonly number[];
}

export class Cgroup {
  /** Its folder. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  child(name: string): Cgroup {
    return new Cgroup(join(this.path, name));
  }

  /** The names of those below it; none when it is gone. */
  async children(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true }).catch(unlessGone([]));
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true });
  }

  /** Moves the process `pid` here. */
  async add(pid: number): Promise<void> {
    await this.write('cgroup.procs', `${pid}`);
  }

  async read(file: string): Promise<string> {
    return readFile(join(this.path, file), 'utf8');
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.path, file), text, { flag: constants.O_WRONLY });
  }

  /** The processes in it, and in all below it. */
  async processes(): Promise<number[]> {
    const own = await this.read('cgroup.procs').catch(unlessGone(''));
    const below = (await this.children()).map((name) => this.child(name).processes());
    const pids = own.split('\n').filter((line) => line !== '');
    return [...pids.map(Number), ...(await Promise.all(below)).flat()];
  }

  /** Whether no process is left in it and below it. */
  async isEmpty(): Promise<boolean> {
    const events = await this.read('cgroup.events').catch(unlessGone('populated 0'));
    return /^populated 0$/m.test(events);
  }

  /** Whether it is empty within `patienceMs`. */
  async empties(patienceMs: number): Promise<boolean> {
    for (const deadline = performance.now() + patienceMs; ; await delay(LOOK_MS)) {
      if (await this.isEmpty()) return true;
      if (performance.now() > deadline) return false;
    }
  }

  /** Kills all that is in it and below it, whatever it forks meanwhile, and waits up to `patienceMs` for the end. */
  async end(patienceMs: number): Promise<EndedCgroup> {
    const before = await this.processes();
    await this.write('cgroup.kill', '1').catch(unlessGone(undefined));
    if (await this.empties(patienceMs)) return { killed: before, left: [] };
    const left = await this.processes();
    return { killed: before.filter((pid) => !left.includes(pid)), left };
  }

  /** Removes it and those below it as far as they are empty. */
  async remove(): Promise<void> {
    for (const name of await this.children()) await this.child(name).remove();
    await rmdir(this.path).catch(() => {}); // EBUSY, ENOTEMPTY, ENOENT: it is in use, or gone
  }
}

/** For what a cgroup that has been removed has no more (ENODEV, for a file that was open). */
function unlessGone<T>(fallback: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENODEV') return fallback;
    throw error;
  };
}
