/** The people of the stories, and running programs as one of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { program } from './program.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  /** Groups in addition to its own. */
  readonly groups?: readonly string[];
}

/**
 * The accounts of the world (test/support/world). bob is in the group latchkey-managers; carol has no login
 * shell.
 */
export const alice: Account = { name: 'alice', uid: 7001, home: '/mnt/home/alice' };
export const mallory: Account = { name: 'mallory', uid: 7002, home: '/mnt/home/mallory' };
export const bob: Account = { name: 'bob', uid: 7003, home: '/mnt/home/bob' };
export const carol: Account = { name: 'carol', uid: 7004, home: '/mnt/home/carol' };
export const dora: Account = { name: 'dora', uid: 7005, home: '/mnt/home/dora' };
/** The system account that may run the server instead of root, with the group that its unit gives it. */
export const service: Account = {
  name: 'latchkey',
  uid: 7100,
  home: '/mnt/home/latchkey',
  groups: ['shadow'],
};
export const root: Account = { name: 'root', uid: 0, home: '/mnt' };

/** The account that runs the tests, with the home folder of the run (test/support/contained/contained.ts). */
export function myself(): Account {
  const { username, uid } = userInfo();
  return { name: username, uid, home: homedir() };
}

/** Returns the home folder in the user database, which is the only one that a link knows. */
export function homeInDatabase({ uid, home }: Account): string {
  return uid === process.getuid?.() ? userInfo().homedir : home;
}

/**
 * The person of a story: alice in a world (test/support/world), otherwise the account that runs the tests.
 */
export const user: Account = process.env.TEST_WORLD ? alice : myself();

/**
 * The administrator of a story, who runs its server: root in a world, otherwise the account that runs the
 * tests.
 */
export const administrator: Account = process.env.TEST_WORLD ? root : myself();

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the program under an account. */
export class Run {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';
  /** True once the program has ended and all that it printed has been read. */
  #closed = false;
  #watchers = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#add('stdout', text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#add('stderr', text));
    this.finished = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => {
        this.#closed = true;
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr });
        for (const look of this.#watchers) look();
      });
    });
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    for (const look of this.#watchers) look();
  }

  /**
   * Resolves once `pattern` has been printed; rejects when the run ends before that, or after `timeoutMs`.
   */
  printed(
    pattern: RegExp,
    stream: 'stdout' | 'stderr' = 'stdout',
    timeoutMs = 20_000,
  ): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const look = (): void => {
        const match = pattern.exec(this[stream]);
        if (match) done(() => resolve(match));
        else if (this.#closed)
          done(() => reject(new Error(`ended without printing ${pattern}: ${this.stdout}${this.stderr}`)));
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`did not print ${pattern}: ${this.stdout}${this.stderr}`))),
        timeoutMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal);
  }
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Text for standard input, which is then closed. Empty by default. */
  readonly input?: string;
  /** Leaves standard input open for the story to write to. */
  readonly interactive?: boolean;
  /** Folder of the cgroup that the program starts in. */
  readonly cgroup?: string | undefined;
  /** Descriptor that the program inherits as 3. */
  readonly descriptor?: number;
}

/** Starts a command as `account`, with the environment of a fresh login. */
export function runAs(account: Account, command: readonly string[], options: RunOptions = {}): Run {
  const { uid, groups } = account;
  const itself = uid === process.getuid?.();
  const as = groups ? [...withGroups(uid, groups), ...command] : command;
  const [file = '', ...argv] = options.cgroup === undefined ? as : [...within(options.cgroup), ...as];
  const child = spawn(file, argv, {
    ...(itself || groups ? {} : { uid, gid: uid }),
    cwd: options.cwd ?? account.home,
    env: {
      HOME: account.home,
      USER: account.name,
      LOGNAME: account.name,
      SHELL: '/bin/sh',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      ...(itself ? foldersOfTheRun(account) : {}),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe', ...(options.descriptor === undefined ? [] : [options.descriptor])],
  });
  child.stdin?.on('error', () => {});
  if (!options.interactive) child.stdin?.end(options.input ?? '');
  return new Run(child);
}

/** Returns variables that keep programs of the account that runs the tests to the folders of the run. */
function foldersOfTheRun(account: Account): NodeJS.ProcessEnv {
  const { TMPDIR } = process.env;
  return {
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    ...(account.home === homeInDatabase(account) ? {} : { XDG_CONFIG_HOME: join(account.home, '.config') }),
  };
}

/** Prefix that runs a command as `uid`, whose own group has the same number, with other groups. */
function withGroups(uid: number, groups: readonly string[]): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, `--groups=${[uid, ...groups].join(',')}`, '--'];
}

/** Prefix that runs a command in a cgroup. */
function within(cgroup: string): string[] {
  return ['sh', '-c', 'echo $$ >"$0" && exec "$@"', `${cgroup}/cgroup.procs`];
}

/** Starts `latchkey ARGV...` as `account`. */
export function latchkey(account: Account, argv: readonly string[], options: RunOptions = {}): Run {
  return runAs(account, [program(), ...argv], options);
}
