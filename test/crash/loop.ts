/**
 * Kills the daemon at random moments, round after round, while several people issue and revoke tokens,
 * start programs and read numbered lines; checks after each start that nothing acknowledged has been
 * lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { alice, bob, dora, mallory } from '../support/account.ts';
import { Random } from '../support/run/random.ts';
import { converse } from '../support/server/converse.ts';
import { TestDaemon } from '../support/server/daemon.ts';
import { type Issue, Person } from '../support/server/person.ts';
import { setPasswords, TestSshd } from '../support/ssh/sshd.ts';
import { type Figures, noFigures } from './figures.ts';
import type { Trouble } from './troubles/trouble.ts';
import { type TroubleName, troubleOf } from './troubles/troubles.ts';
import { until } from './until.ts';
import { Administrator } from './work/administrator.ts';
import { claimsOf } from './work/claims-of.ts';
import { checkLists, checkTokens, revokeUnclaimed } from './work/kept-tokens.ts';
import { Printing } from './work/printing.ts';
import { descendantsOf, isRunning, markedProcesses } from './work/processes.ts';
import { ProgramsAtWork } from './work/programs-at-work.ts';
import { TokensAtWork } from './work/tokens-at-work.ts';

export interface LoopOptions {
  /** Rounds; up to three times as many until everything has happened that is to be checked. */
  readonly rounds: number;
  readonly trouble: TroubleName;
  readonly seed: number;
  /** Called after each round. */
  readonly report?: (figures: Figures) => void;
}

const SSHD_PORT = 2299;
const PASSWORD = 'Correct horse 4';
/** Logins in a round, at most: each keeps sshd busy for longer than a round. */
const MAX_LOGINS = 1;
const PAUSE_MS = 400;
/**
 * Pause after a token was refused because of a trouble that is over: the reserve is restored once a
 * second.
 */
const RETRY_MS = 300;
const MAX_ANSWERS = 24;
const MOST_TIMES = 3;
const WORK_MS = 3_000;
const LOOK_MS = 2;
/** Time limit for a login over SSH, which takes longer than most rounds. */
const LOGIN_MS = 10_000;
/** Lines of the server's log that are shown with a finding. */
const LOG_LINES = 200;

/** Resolves with the figures. Throws all broken promises and the seed. */
export async function runCrashLoop(options: LoopOptions): Promise<Figures> {
  await using owned = new AsyncDisposableStack();
  const trouble = owned.use(troubleOf(options.trouble));
  const { state } = trouble;
  setPasswords({ [dora.name]: PASSWORD });
  const sshd = owned.use(await TestSshd.start(SSHD_PORT));
  const config = { login: { ssh: sshd.settings } };
  const daemon = owned.use(await TestDaemon.start({ config, ...(state !== undefined && { state }) }));
  const loop = owned.use(new CrashLoop(daemon, trouble, new Random(options.seed)));
  try {
    await loop.begin();
    const isDone = (round: number): boolean =>
      round >= options.rounds && (loop.hasMetAll || round >= options.rounds * MOST_TIMES);
    for (let round = 1; !isDone(round - 1); round++) {
      await loop.round({ withLogin: round >= options.rounds && loop.figures.logins === 0 });
      options.report?.(loop.figures);
    }
    await loop.finish();
  } catch (error) {
    const log = daemon.log.split('\n').filter(isInformative).slice(-LOG_LINES).join('\n');
    const when = `seed ${options.seed}, round ${loop.figures.kills}`;
    const told = `${when}: ${String(error)}\nThe server's log:\n${log}\nThe links:\n${loop.linksOutput}`;
    throw new Error(told, { cause: error });
  }
  return loop.figures;
}

/** Returns false for the many lines about calls. */
function isInformative(line: string): boolean {
  return !/"msg":"call( refused)?"/.test(line);
}

class CrashLoop implements AsyncDisposable {
  readonly figures = noFigures();
  readonly #daemon: TestDaemon;
  readonly #trouble: Trouble;
  readonly #random: Random;
  readonly #workers: TokensAtWork[] = [];
  readonly #printing: Printing[] = [];
  #programs: ProgramsAtWork | undefined;
  #administrator: Administrator;

  constructor(daemon: TestDaemon, trouble: Trouble, random: Random) {
    this.#daemon = daemon;
    this.#trouble = trouble;
    this.#random = random;
    this.#administrator = new Administrator(daemon);
  }

  /** Starts people with tokens, and people whose programs print. */
  async begin(): Promise<void> {
    for (const account of [alice, mallory, bob, dora]) {
      const person = await Person.start(account);
      const common = { random: this.#newRandom(), outage: () => this.#trouble.outage };
      const bySsh = { mostIssues: MAX_LOGINS, pauseMs: PAUSE_MS, issue: () => logIn(this.#daemon) };
      this.#workers.push(new TokensAtWork(person, { ...common, ...(account === dora && bySsh) }));
      await person.meet(this.#daemon);
    }
    const rpc = () => this.#administrator.rpc;
    for (const account of [alice, mallory])
      this.#printing.push(await Printing.begin(account, this.#daemon, this.#administrator, rpc));
    this.#programs = new ProgramsAtWork(
      this.#newRandom(),
      this.#printing.map(({ token }) => token),
      this.#printing.map(({ sessionId }) => sessionId),
    );
  }

  #newRandom(): Random {
    return new Random(this.#random.between(0, 2 ** 31));
  }

  /**
   * Runs one round: work, trouble, kill, restart, checks. `withLogin` lets a login over SSH be answered
   * before the kill.
   */
  async round({ withLogin }: { withLogin: boolean }): Promise<void> {
    const children = await this.#workUntilKilled(withLogin);
    this.#trouble.end();
    await this.#startAgain();
    await this.#check();
    await until('what the daemon had started', async () => children.filter(isRunning).join(' '));
    this.#count();
  }

  /** Works until the daemon is killed; returns the processes that descended from it. */
  async #workUntilKilled(withLogin: boolean): Promise<readonly number[]> {
    const over = new AbortController();
    for (const worker of this.#workers) worker.begin();
    const works = this.#workers.map((worker) => worker.work(over.signal));
    works.push(this.#programs?.work(this.#administrator.rpc, over.signal) ?? Promise.resolve());
    try {
      await this.#someWork();
      if (withLogin) await waitUntil(() => this.#logins > 0, LOGIN_MS);
      await this.#trouble.pass(this.#daemon, this.#random);
      if (this.#trouble.passes && this.#random.chance(0.5)) await this.#recover();
      await delay(this.#random.between(0, 30));
      const children = descendantsOf(this.#daemon.pid);
      await this.#trouble.kill(this.#daemon);
      this.figures.kills += 1;
      return children;
    } finally {
      over.abort();
      await Promise.all(works);
    }
  }

  /**
   * Waits until a random number of requests has been answered, so that slow and fast machines do the same
   * work.
   */
  async #someWork(): Promise<void> {
    const answered = (): number => this.#sum('issued') + this.#sum('revoked');
    const wanted = answered() + this.#random.between(0, MAX_ANSWERS);
    await waitUntil(() => answered() >= wanted, WORK_MS);
  }

  /** Waits until the daemon works again, after its disk does. */
  async #recover(): Promise<void> {
    this.#trouble.end();
    const [worker] = this.#workers;
    await until('recovery', async () => ((await worker?.issue()) ? '' : 'no token is issued'), RETRY_MS);
    this.figures.recoveries += 1;
  }

  async #startAgain(): Promise<void> {
    const beganMs = performance.now();
    await this.#daemon.serve();
    const tookMs = Math.round(performance.now() - beganMs);
    this.figures.slowestStartMs = Math.max(this.figures.slowestStartMs, tookMs);
    this.#administrator[Symbol.dispose]();
    this.#administrator = new Administrator(this.#daemon);
    await Promise.all(this.#workers.map(({ person }) => person.meet(this.#daemon)));
  }

  /** True once a login over SSH has been acknowledged, and a trouble that passes was met and got over. */
  get hasMetAll(): boolean {
    const { logins, unstored, recoveries } = this.figures;
    return logins > 0 && (!this.#trouble.passes || (unstored > 0 && recoveries > 0));
  }

  get linksOutput(): string {
    return this.#printing.map(({ linkOutput }) => linkOutput).join('\n');
  }

  async #check(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => checkTokens(worker, this.#random)));
    const known = this.#workers.flatMap(({ tokens }) => tokens.filter(({ isOver }) => !isOver));
    const good = [...known, ...this.#printing];
    const untold = this.#workers.reduce((total, worker) => total + worker.unclaimed, 0);
    await revokeUnclaimed(this.#administrator, good, untold);
    await checkLists(this.#administrator, good);
    await this.#programs?.check(this.#administrator);
    for (const printing of this.#printing) await printing.check(this.#administrator);
  }

  #count(): void {
    for (const key of ['issued', 'revoked', 'unanswered', 'unstored'] as const)
      this.figures[key] = this.#sum(key);
    this.figures.logins = this.#logins;
    this.figures.failedSyncs = this.#trouble.failedSyncs;
    this.figures.programs = this.#programs?.checked ?? 0;
    this.figures.lines = this.#printing.reduce((total, { lines }) => total + lines, 0);
  }

  get #logins(): number {
    return this.#workers.flatMap(({ tokens }) => tokens.filter(({ socket }) => socket === '')).length;
  }

  #sum(key: keyof TokensAtWork['counts']): number {
    return this.#workers.reduce((total, { counts }) => total + counts[key], 0);
  }

  /** Ends the printing programs, and checks that nothing of them is left. */
  async finish(): Promise<void> {
    await this.#programs?.checkEnd(this.#administrator);
    this.figures.lines = 0;
    for (const printing of this.#printing) this.figures.lines += await printing.end();
    await until('orphans', async () =>
      markedProcesses()
        .map(({ pid, command }) => `${pid} ${command}`)
        .join('\n'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const printing of this.#printing) await printing.stop();
    this.#administrator[Symbol.dispose]();
    for (const { person } of this.#workers) await person[Symbol.asyncDispose]();
    this.#trouble.end();
  }
}

async function waitUntil(isSo: () => boolean, mostMs: number): Promise<void> {
  const deadline = performance.now() + mostMs;
  while (!isSo() && performance.now() < deadline) await delay(LOOK_MS);
}

/** Logs in with a password through sshd: a token without a link of its own. */
async function logIn(daemon: TestDaemon): Promise<Issue> {
  const { token, reason, message = '' } = await converse(daemon, dora.name, [PASSWORD]);
  const jti = token === undefined ? '' : claimsOf(token).jti;
  return { code: token === undefined ? 1 : 0, reason, message, token, jti, socket: '' };
}
