/**
 * Enables the controllers that limit the children of a cgroup, and may be passed on to the children of
 * those. While they are enabled, no process can be in the cgroup itself (EBUSY; cgroups(7), no internal
 * processes), where a service manager puts the next daemon. So a small sh disables them when this process is
 * gone, however it ended, those below first; links have no limits until the next daemon starts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { hasStarted } from '../../system/has-started.ts';
import type { Cgroup } from './cgroup.ts';

const FILE = 'cgroup.subtree_control';
/** Runs in the cgroup's folder until the daemon's end closes its input, then disables the controllers. */
const DISABLE_SCRIPT = `while read -r _; do :; done
for file in */${FILE} ${FILE}; do for name; do echo "-$name" >"$file"; done; done`;

export class Controllers implements AsyncDisposable {
  /** Names of the controllers that are enabled. */
  readonly enabled: readonly string[];
  /** Names of the controllers that are not available. */
  readonly missing: readonly string[];
  readonly #watcher: ChildProcess | undefined;

  private constructor(
    { enabled, missing }: Pick<Controllers, 'enabled' | 'missing'>,
    watcher: ChildProcess | undefined,
  ) {
    this.enabled = enabled;
    this.missing = missing;
    this.#watcher = watcher;
  }

  /**
   * Enables the available controllers among `names`. No process may be in `cgroup` itself. Throws UNAVAILABLE
   * when nothing could disable them again.
   */
  static async enable(cgroup: Cgroup, names: readonly string[]): Promise<Controllers> {
    const there = (await cgroup.read('cgroup.controllers')).split(/\s+/);
    const enabled = names.filter((name) => there.includes(name));
    const missing = names.filter((name) => !there.includes(name));
    const watcher = enabled.length > 0 ? await startWatcher(cgroup, enabled) : undefined;
    const controllers = new Controllers({ enabled, missing }, watcher);
    for (const name of enabled) await cgroup.write(FILE, `+${name}`);
    return controllers;
  }

  /** Enables them for the children of `cgroup`, a child of the first one. No process may be in it itself. */
  async passOn(cgroup: Cgroup): Promise<void> {
    for (const name of this.enabled) await cgroup.write(FILE, `+${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#watcher === undefined || this.#watcher.exitCode !== null) return;
    const exited = once(this.#watcher, 'exit');
    this.#watcher.stdin?.end();
    await exited;
  }
}

/**
 * Starts the watcher in a process session of its own, so that signals to this process's group do not
 * reach it.
 */
async function startWatcher(cgroup: Cgroup, names: readonly string[]): Promise<ChildProcess> {
  const watcher = spawn('/bin/sh', ['-c', DISABLE_SCRIPT, 'sh', ...names], {
    cwd: cgroup.path,
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await hasStarted(watcher);
  watcher.unref();
  if (watcher.stdin instanceof Socket) watcher.stdin.on('error', () => {}).unref();
  return watcher;
}
