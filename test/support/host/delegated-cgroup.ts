/** A cgroup of version 2 that is delegated to an account, as a service manager does for a unit's user. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../account.ts';

const FILES = ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];

/** Mount point of cgroups of version 2; undefined without them. */
function mountPoint(): string | undefined {
  return ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(join(path, 'cgroup.procs')));
}

/** Returns what is missing here for a delegated cgroup; undefined when nothing is. */
export function missingCgroups(): string | undefined {
  return mountPoint() === undefined ? 'needs cgroups of version 2' : undefined;
}

/** Returns what the controllers for processes and memory lack here; undefined when nothing. */
export function missingControllers(): string | undefined {
  if (mountPoint() === undefined) return missingCgroups();
  const passedOn = readFileSync(join(mountPoint() ?? '', 'cgroup.subtree_control'), 'utf8').split(/\s/);
  const missing = ['pids', 'memory'].filter((name) => !passedOn.includes(name));
  return missing.length > 0
    ? `cgroups of version 2 lack the controllers ${missing.join(', ')} here`
    : undefined;
}

export class DelegatedCgroup implements Disposable {
  readonly path: string;

  constructor(owner: Account) {
    this.path = join(mountPoint() ?? '', `latchkey-test-${process.pid}-${Date.now()}`);
    mkdirSync(this.path);
    for (const name of FILES) chownSync(join(this.path, name), owner.uid, owner.uid);
  }

  /** Returns the names of the cgroups below it, the deepest last. */
  names(folder = ''): string[] {
    const entries = readdirSync(join(this.path, folder), { withFileTypes: true });
    const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
    return [...below, ...below.flatMap((name) => this.names(name))];
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8').trim();
  }

  /** Removes it. All its processes must have ended. */
  [Symbol.dispose](): void {
    for (const name of this.names().toReversed()) rmdirSync(join(this.path, name));
    rmdirSync(this.path);
  }
}
