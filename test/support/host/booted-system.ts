/**
 * A whole system for a story, booted with systemd as its process 1 from a root that is made once per machine
 * (test/support/host/booted-base). It lives in the world's mounts and processes, so that it always ends with
 * the world, and has a network of its own: the world is another host to it, one cable away.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Finished, root, runAs } from '../account.ts';

const BOOT_MS = 60_000;
const CABLE = 've-booted'; // systemd-nspawn(1) names it after the machine
const HERE = '10.77.0.1';
const THERE = '10.77.0.2';
const CGROUPS = 'latchkey-booted-';
const HOUR_MS = 3_600_000;

export class BootedSystem implements AsyncDisposable {
  /** Address of the system, as the world reaches it. */
  readonly address = THERE;
  readonly #folder: string;
  readonly #cgroups: readonly string[];
  #nspawn: ChildProcess;

  private constructor(folder: string) {
    this.#folder = folder;
    const name = `${CGROUPS}${randomUUID()}`; // systemd-nspawn uses one name in all trees
    this.#cgroups = cgroupRoots().map((at) => join(at, name));
    for (const cgroup of this.#cgroups) mkdirSync(cgroup);
    this.#nspawn = nspawn(folder, this.#cgroups);
  }

  /**
   * Boots a system and resolves when all its services are up. `base` is the output of
   * test/support/host/booted-base.
   */
  static async boot(base: string): Promise<BootedSystem> {
    sweepCgroups();
    const folder = mkdtempSync('/mnt/booted-');
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name), { mode: 0o755 });
    const layers = `lowerdir=${base},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', '-o', layers, 'booted', join(folder, 'root')]);
    writeFileSync(join(folder, 'root/etc/hostname'), 'booted\n');
    writeFileSync(join(folder, 'root/etc/hosts'), `127.0.0.1 localhost\n${THERE} booted\n`);
    execFileSync('ssh-keygen', ['-A', '-f', join(folder, 'root')], { stdio: 'ignore' });
    const system = new BootedSystem(folder);
    try {
      await system.#booted();
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Copies a file of the world into the system. */
  give(from: string, to: string): void {
    copyFileSync(from, join(this.#folder, 'root', to));
  }

  /** Runs a shell line in the system, as root; `$1`, `$2`, ... are the words after it. */
  async try(line: string, ...words: string[]): Promise<Finished> {
    const enter = ['nsenter', '--all', `--target=${this.#init()}`, '--', 'env', '-i', ...ENVIRONMENT];
    return runAs(root, [...enter, 'sh', '-c', line, 'sh', ...words], { cwd: '/' }).finished;
  }

  /** Runs a line that must succeed; resolves with its trimmed output. */
  async sh(line: string, ...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.try(line, ...words);
    if (status !== 0) throw new Error(`${line} ended with ${status}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** Shuts the system down in order and boots it again; resolves with the seconds that the shutdown took. */
  async restart(): Promise<number> {
    const gone = once(this.#nspawn, 'exit');
    const begun = performance.now();
    await this.sh('systemctl poweroff');
    await gone;
    const seconds = (performance.now() - begun) / 1000;
    this.#nspawn = nspawn(this.#folder, this.#cgroups);
    await this.#booted();
    return seconds;
  }

  /** Pid of the system's process 1, as seen from the world. */
  #init(): number {
    const pid = this.#nspawn.pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (children === '') throw new Error(`the system is not up: ${this.#console()}`);
    return Number(children.split(' ')[0]);
  }

  async #booted(): Promise<void> {
    for (const endMs = performance.now() + BOOT_MS; performance.now() < endMs; await delay(100)) {
      if (this.#nspawn.exitCode !== null) break;
      const state = await this.try('systemctl is-system-running').catch(() => undefined);
      if (!/^(running|degraded)/.test(state?.stdout ?? '')) continue;
      execFileSync('ip', ['addr', 'add', `${HERE}/24`, 'dev', CABLE]);
      execFileSync('ip', ['link', 'set', CABLE, 'up']);
      const inside = ['--net', `--target=${this.#init()}`, 'ip'];
      execFileSync('nsenter', [...inside, 'addr', 'add', `${THERE}/24`, 'dev', 'host0']);
      execFileSync('nsenter', [...inside, 'link', 'set', 'host0', 'up']);
      return;
    }
    throw new Error(`the system did not boot: ${this.#console()}`);
  }

  #console(): string {
    return readFileSync(join(this.#folder, 'console'), 'utf8');
  }

  /** Ends the system as a power failure would. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#nspawn.exitCode === null && this.#nspawn.signalCode === null) {
      const gone = once(this.#nspawn, 'exit');
      process.kill(this.#init(), 'SIGKILL'); // all its processes die with it
      await gone;
    }
    execFileSync('umount', ['--lazy', join(this.#folder, 'root')]);
    rmSync(this.#folder, { recursive: true, force: true });
    for (const cgroup of this.#cgroups) removeCgroup(cgroup);
  }
}

const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
];

function nspawn(folder: string, cgroups: readonly string[]): ChildProcess {
  const console = openSync(join(folder, 'console'), 'w');
  const argv = [
    '--quiet',
    `--directory=${join(folder, 'root')}`,
    '--machine=booted',
    '--boot',
    '--register=no',
    '--keep-unit',
    '--network-veth',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=pipe',
    '--system-call-filter=@keyring',
  ];
  const enter = cgroups.map((group) => `echo $$ >${group}/cgroup.procs`);
  return spawn('sh', ['-c', [...enter, 'exec systemd-nspawn "$@"'].join(' && '), 'sh', ...argv], {
    env: { PATH: process.env.PATH, TERM: 'dumb', SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
    stdio: ['ignore', console, console],
  });
}

/** Returns the cgroup trees with processes: the only one, or systemd's own ones beside version 1. */
function cgroupRoots(): string[] {
  const at = '/sys/fs/cgroup';
  if (existsSync(join(at, 'cgroup.controllers'))) return [at];
  return ['systemd', 'unified'].map((name) => join(at, name)).filter((path) => existsSync(path));
}

/**
 * Removes cgroups that earlier, killed runs have left: cgroups are the machine's and do not end with the
 * world.
 */
function sweepCgroups(): void {
  const left = (path: string): boolean => Date.now() - statSync(path).mtimeMs > HOUR_MS && isEmpty(path);
  for (const at of cgroupRoots())
    for (const name of readdirSync(at))
      if (name.startsWith(CGROUPS) && left(join(at, name))) removeCgroup(join(at, name));
}

/** True when no process is in the cgroup or below it. */
function isEmpty(cgroup: string): boolean {
  return readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') === '' && below(cgroup).every(isEmpty);
}

function removeCgroup(cgroup: string): void {
  for (const inner of below(cgroup)) removeCgroup(inner);
  rmdirSync(cgroup);
}

function below(cgroup: string): string[] {
  const entries = readdirSync(cgroup, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(cgroup, name));
}

/** The root folder to boot, or what is missing here to do so. */
export interface Base {
  readonly folder?: string;
  readonly missing?: string | undefined;
}

const builder = join(import.meta.dirname, 'booted-base');

export function bootable(): Base {
  for (const tool of ['systemd-nspawn', 'ssh-keygen', 'ip'])
    if (!existsSync(`/usr/bin/${tool}`)) return { missing: `needs ${tool}` };
  const { status, stdout, stderr } = spawnSync(builder, { encoding: 'utf8' });
  if (status === 0) return { folder: stdout.trim() };
  return {
    missing: `needs a system to boot, which ${builder} could not make: ${stderr.trim().split('\n').at(-1)}`,
  };
}
