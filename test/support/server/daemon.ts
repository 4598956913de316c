/** A real server for a story, in folders of its own, and what the people of the story do with it. */
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  type Account,
  administrator,
  type Finished,
  latchkey,
  myself,
  type Run,
  type RunOptions,
  runAs,
} from '../account.ts';
import { removeSessions } from '../link/kept-sessions.ts';
import { program } from '../program.ts';
import { Caller } from './caller.ts';

export interface ServeOptions {
  /** Variables added to its environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Command in front of its own command line. */
  readonly under?: readonly string[] | undefined;
  readonly listenFd?: number;
}

export interface DaemonOptions {
  /**
   * The account that runs it, by default the administrator: root for system mode, any other for self mode.
   */
  readonly as?: Account;
  /** Configuration besides the folders and the port. */
  readonly config?: Record<string, unknown>;
  /** State folder; by default in the server's own folder. */
  readonly state?: string;
  /** Run folder; by default in the server's own folder. */
  readonly run?: string;
  /** Folder of the cgroup that it is put into at each start. */
  readonly cgroup?: string;
  readonly env?: ServeOptions['env'];
  readonly under?: ServeOptions['under'];
}

/** sd_listen_fds(3) */
const ACTIVATE = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=api exec "$0" "$@"';

/** Time limit for a start on a busy machine, in milliseconds. */
const START_MS = 60_000;

interface ServerFile {
  readonly pid: number;
  readonly address: string;
  readonly serverId: string;
  readonly ca: string;
  /** JWK Set of public keys. */
  readonly keys: object;
}

export class TestDaemon implements AsyncDisposable {
  readonly account: Account;
  readonly folder: string;
  readonly stateFolder: string;
  readonly runFolder: string;
  readonly #cgroup: string | undefined;
  readonly #made: Run[] = [];
  readonly #ids = new Set<string>();
  #run: Run | undefined;
  #earlierLogs = '';

  private constructor(folder: string, { as = administrator, state, run, cgroup }: DaemonOptions) {
    this.account = as;
    this.#cgroup = cgroup;
    this.folder = folder;
    this.stateFolder = state ?? join(folder, 'state');
    this.runFolder = run ?? join(folder, 'run');
  }

  /** Starts a server and waits until it answers. */
  static async start(options: DaemonOptions = {}): Promise<TestDaemon> {
    const base = process.env.TEST_WORLD ? '/mnt' : realpathSync(tmpdir());
    const folder = mkdtempSync(join(base, 'daemon-'));
    const daemon = new TestDaemon(folder, options);
    const { account } = daemon;
    chmodSync(folder, 0o755);
    if (process.getuid?.() === 0) chownSync(folder, account.uid, account.uid);
    daemon.#configure(await freePort(), options.config ?? {});
    await daemon.serve({ env: options.env, under: options.under });
    return daemon;
  }

  get configFile(): string {
    return join(this.folder, 'config.yaml');
  }

  get serverFile(): ServerFile {
    return JSON.parse(readFileSync(join(this.runFolder, 'server.json'), 'utf8')) as ServerFile;
  }

  get pid(): number {
    return this.#run?.child.pid ?? 0;
  }

  /** The log since the server's last start. */
  get log(): string {
    return this.#run === undefined ? '' : logOf(this.#run);
  }

  /** Everything that it has logged, over all of its starts; complete once it has ended. */
  get wholeLog(): string {
    return this.#earlierLogs + this.log;
  }

  #configure(port: number, extra: Record<string, unknown>): void {
    const config = {
      api: { listen: `127.0.0.1:${port}` },
      paths: { state: this.stateFolder, run: this.runFolder },
      log: { format: 'json', level: 'debug' },
      ...extra,
    };
    writeFileSync(this.configFile, stringify(config), { mode: 0o600 });
    chownSync(this.configFile, this.account.uid, this.account.uid);
  }

  /** Starts the server again on the same folders; with `listenFd`, as a service manager passes a socket. */
  async serve({ env = {}, listenFd, under }: ServeOptions = {}): Promise<void> {
    const before = under ?? (listenFd === undefined ? [] : ['sh', '-c', ACTIVATE]);
    const run = runAs(this.account, [...before, program(), 'serve', '--config', this.configFile], {
      cwd: this.folder,
      env,
      cgroup: this.#cgroup,
      ...(listenFd === undefined ? {} : { descriptor: listenFd }),
    });
    this.#run = run;
    await run.printed(/latchkey listens/, 'stderr', START_MS);
    this.#ids.add(this.serverFile.serverId);
  }

  /** Resolves once the server has logged a line. */
  async logged(line: RegExp): Promise<void> {
    await this.#run?.printed(line, 'stderr');
  }

  /** Ends the server with `signal` and waits until it is gone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    const run = this.#run;
    if (!run) throw new Error('not running');
    this.#run = undefined;
    run.kill(signal);
    const end = await run.finished;
    this.#earlierLogs += logOf(run);
    return end;
  }

  /** Runs a command of `account` against this server; resolves when it has ended. */
  cli(account: Account, argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.begin(account, argv, options).finished;
  }

  /** Starts a command of `account` against this server. */
  begin(account: Account, argv: readonly string[], options: RunOptions = {}): Run {
    const [verb = '', ...rest] = argv;
    const run = latchkey(account, [verb, '--run', this.runFolder, ...rest], options);
    this.#made.push(run);
    return run;
  }

  /**
   * Starts `latchkey link` as `account` and waits until it is ready. It runs until the story or its token
   * ends it.
   */
  async link(account: Account, ...argv: string[]): Promise<Run> {
    const run = this.begin(account, ['link', ...argv]);
    await run.printed(/ is logged in at .*\n/, 'stderr');
    return run;
  }

  /** The token that the command line of `account` has stored for this server. */
  storedToken({ home }: Account): string {
    const folder = this.serverFile.address.replace(':', '_');
    return readFileSync(join(home, '.config/latchkey/servers', folder, 'token'), 'utf8').trim();
  }

  /** Returns `account` as a caller of this server: `daemon.as(alice).tokens()`. */
  as(account: Account): Caller {
    return new Caller(this, account);
  }

  /** Parsed `--json` output of a command that must succeed. */
  async json(account: Account, argv: readonly string[]): Promise<unknown> {
    const [verb = '', ...rest] = argv;
    const { status, stdout, stderr } = await this.cli(account, [verb, '--json', ...rest]);
    if (status !== 0) throw new Error(`latchkey ${argv.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#made) if (run.child.exitCode === null) run.kill('SIGKILL');
    if (this.#run) await this.end('SIGTERM');
    rmSync(join(this.runFolder, 'server.json'), { force: true }); // a killed server leaves it
    rmSync(this.folder, { recursive: true, force: true });
    for (const id of this.#ids) removeSessions(myself(), id); // all others end with the world
  }
}

function logOf({ stdout, stderr }: Run): string {
  return stdout + stderr;
}

/** Returns a free port, which the server keeps over its restarts. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address ? address.port : 0;
}
