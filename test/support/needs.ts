/**
 * Needs that tests have of the machine they run on. A suite whose need is missing is skipped together with
 * its hooks; the run's last lines (build/closing-line.ts) count its tests and say what was missing.
 */
import { existsSync } from 'node:fs';
import { groupId } from '../../src/config/paths/group-id.ts';
import { SYSTEM_USER } from '../../src/config/paths/paths.ts';
import { whyNoTracing } from './disk/traced.ts';
import { missingCgroups, missingControllers } from './host/delegated-cgroup.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The reason for which the test is skipped. */
    missing?: string;
  }
}

/** Options of describe() and test() in vitest. */
interface Options {
  readonly skip?: boolean;
  readonly meta?: { readonly missing: string };
}

/** Each need by name, with what is missing of it here, if anything. */
const NEEDS = {
  /** The accounts, mounts and network of test/support/world. */
  world: () => missingWorld(),
  root: () => (isRoot() ? undefined : 'needs root, to start a process as somebody else'),
  /** May read which descriptors servers and links have, which are not dumpable (prctl(2)). */
  descriptors: () => (isRoot() ? undefined : 'needs root, to see what a server or link keeps open'),
  /** May do what a server in system mode does with its folders. */
  'system-folders': () => missingSystemFolders(),
  cgroups: () => missingCgroups(),
  controllers: () => missingControllers(),
  bash: () => missingFile('/usr/bin/bash'),
  fish: () => missingFile('/usr/bin/fish'),
  zsh: () => missingFile('/usr/bin/zsh'),
  less: () => missingFile('/usr/bin/less'),
  vi: () => missingFile('/usr/bin/vi'),
  tmux: () => missingFile('/usr/bin/tmux'),
  sudo: () => missingFile('/usr/bin/sudo'),
  visudo: () => missingFile('/usr/sbin/visudo'),
  sshd: () => missingFile('/usr/sbin/sshd'),
  oathtool: () => missingFile('/usr/bin/oathtool'),
  man: () => missingFile('/usr/bin/man'),
  lintian: () => missingFile('/usr/bin/lintian'),
  protoc: () => missingFile('/usr/bin/protoc'),
  'protoc-gen-go': () => missingFile('/usr/bin/protoc-gen-go'),
  'python3-grpcio': () => missingFile('/usr/lib/python3/dist-packages/grpc'),
  strace: () => missingFile('/usr/bin/strace') ?? whyNoTracing(),
  fail2ban: () => missingFile('/usr/bin/fail2ban-regex'),
} satisfies Record<string, () => string | undefined>;

export type Need = keyof typeof NEEDS;

/**
 * Options that skip what lacks one of `names` here: `describe('a link', needs('world', 'sudo'), () =>
 * ...)`.
 */
export function needs(...names: readonly Need[]): Options {
  return skippedFor(missing(...names));
}

/** Returns options that skip for the given reason; none without one. */
export function skippedFor(reason: string | undefined): Options {
  return reason === undefined ? {} : { skip: true, meta: { missing: reason } };
}

/** Returns the first of `names` that is missing here, as a reason to skip; undefined when none is. */
export function missing(...names: readonly Need[]): string | undefined {
  return names.map((name) => NEEDS[name]()).find((reason) => reason !== undefined);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function missingSystemFolders(): string | undefined {
  if (isRoot() || groupId(SYSTEM_USER) === undefined) return undefined;
  return `needs root, to give a folder to the group ${SYSTEM_USER} of this host`;
}

function missingWorld(): string | undefined {
  if (process.env.TEST_WORLD) return undefined;
  return isRoot() ? 'needs namespaces of its own (unshare)' : 'needs root, to have two Linux accounts';
}

function missingFile(path: string): string | undefined {
  return existsSync(path) ? undefined : `needs ${path}`;
}
