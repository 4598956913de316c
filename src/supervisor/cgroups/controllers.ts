/**
 * The controllers that limit what is below a cgroup. While they are enabled there nothing can be put into the cgroup
 * itself (EBUSY; cgroups(7), no internal processes), which is where a service manager puts the next daemon. So a small
 * sh takes them back when this process is gone, however it went; links lack their limits until the next one comes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Cgroup } from './cgroup.ts';

const FILE = 'cgroup.subtree_control';
/** Its input ends with the process that has begun it. */
const TAKE_BACK = 'while read -r _; do :; done; for name; do echo "-$name" >"$0"; done';

export class Controllers implements AsyncDisposable {
  /** Those that are not there to be enabled. */
  readonly missing: readonly string[];
  readonly #watcher: ChildProcess | undefined;

  private constructor(missing: readonly string[], watcher: ChildProcess | undefined) {
    this.missing = missing;
    this.#watcher = watcher;
  }

  /** Enables those of `names` that are there. No process may be in `cgroup` itself. */
  static async enable(cgroup: Cgroup, names: readonly string[]): Promise<Controllers> {
    const there = (await cgroup.read('cgroup.controllers')).split(/\s+/);
    const enabled = names.filter((name) => there.includes(name));
    const watcher = enabled.length > 0 ? watch(cgroup, enabled) : undefined;
    const controllers = new Controllers(
      names.filter((name) => !there.includes(name)),
      watcher,
    );
    for (const name of enabled) await cgroup.write(FILE, `+${name}`);
    return controllers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#watcher === undefined || this.#watcher.exitCode !== null) return;
    const over = once(this.#watcher, 'exit');
    this.#watcher.stdin?.end();
    await over;
  }
}

/** It has a session of its own, for what ends this process may be meant for its whole group. */
function watch(cgroup: Cgroup, names: readonly string[]): ChildProcess {
  const words = ['-c', TAKE_BACK, join(cgroup.path, FILE), ...names];
  const watcher = spawn('/bin/sh', words, {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  if (watcher.stdin instanceof Socket) watcher.stdin.on('error', () => {}).unref();
  return watcher;
}
