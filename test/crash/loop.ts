/**
 * Kills the daemon at random moments, round after round, while several people issue and revoke
 * tokens, start programs and read numbered lines; and finds out after each start whether anything
 * that was acknowledged has been lost.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LinkState, ListLinksRequest, ListLinksResponse } from '../../src/generated/latchkey/v1/link.ts';
import {
  ListTokensRequest,
  ListTokensResponse,
  RevokeTokensRequest,
} from '../../src/generated/latchkey/v1/token.ts';
import { type Account, alice, bob, dora, mallory, type Run } from '../support/account.ts';
import { converse } from '../support/converse.ts';
import { TestDaemon } from '../support/daemon.ts';
import { type Issue, Person } from '../support/person.ts';
import { Rpc } from '../support/rpc.ts';
import { setPasswords, TestSshd } from '../support/sshd.ts';
import { settle } from './model.ts';
import { NumberedLines } from './numbered-lines.ts';
import { descendantsOf, isRunning, markedProcesses } from './processes.ts';
import { ProgramsAtWork } from './programs-at-work.ts';
import { Random } from './random.ts';
import { TokensAtWork } from './tokens-at-work.ts';
import type { Trouble } from './trouble.ts';
import { type TroubleName, troubleOf } from './troubles.ts';
import { until } from './until.ts';

export interface LoopOptions {
  readonly rounds: number;
  readonly trouble: TroubleName;
  readonly seed: number;
  /** Told after each round. */
  readonly report?: (figures: Figures) => void;
}

export interface Figures {
  kills: number;
  issued: number;
  /** Of these by SSH, the others through links. */
  logins: number;
  revoked: number;
  unanswered: number;
  /** Requests answered with STORE_UNAVAILABLE. */
  unstored: number;
  /** Syncs of the daemon that were made to fail. */
  failedSyncs: number;
  /** Times that the daemon has worked again after trouble, without a restart. */
  recoveries: number;
  /** Programs whose start was acknowledged, beside those that print lines. */
  programs: number;
  lines: number;
  /** The longest time from the start of a killed daemon to its first answers. */
  slowestStartMs: number;
}

/** What ran under the daemon before it was killed the first time. */
interface Printing {
  readonly link: Run;
  readonly token: string;
  readonly linkPid: number;
  readonly lines: NumberedLines;
}

const SUMMED = ['issued', 'revoked', 'unanswered', 'unstored'] as const;
type Summed = (typeof SUMMED)[number];
const SSHD_PORT = 2299;
const PASSWORD = 'Correct horse 4';
/** In a round: each keeps sshd busy for longer than a round need be. */
const [MOST_LOGINS, PAUSE_MS] = [1, 400];
const BY_SSH = 'web-ssh';
/** Of the tokens that are looked at. */
const METHODS = ['link', BY_SSH];
const OLD_ONES = 5;
/** After a token was refused because of trouble that is over: the reserve is made again once a second. */
const AGAIN_MS = 300;
const MOST_ANSWERS = 60;
const WORK_MS = 3_000;

/** Resolves with the figures; throws with every promise that was broken, and the seed. */
export async function runCrashLoop(options: LoopOptions): Promise<Figures> {
  await using owned = new AsyncDisposableStack();
  const trouble = owned.use(troubleOf(options.trouble));
  const { state } = trouble;
  setPasswords({ [dora.name]: PASSWORD });
  const sshd = owned.use(await TestSshd.start(SSHD_PORT));
  const config = { login: { ssh: sshd.settings } };
  const daemon = owned.use(await TestDaemon.start({ config, ...(state !== undefined && { state }) }));
  const loop = new CrashLoop(daemon, trouble, new Random(options.seed));
  owned.defer(() => loop.close());
  try {
    await loop.begin();
    for (let round = 0; round < options.rounds; round++) {
      await loop.round();
      options.report?.(loop.figures);
    }
    await loop.finish();
  } catch (error) {
    throw new Error(`seed ${options.seed}, round ${loop.figures.kills}: ${String(error)}`, { cause: error });
  }
  return loop.figures;
}

class CrashLoop {
  readonly figures: Figures = {
    kills: 0,
    issued: 0,
    logins: 0,
    revoked: 0,
    unanswered: 0,
    unstored: 0,
    failedSyncs: 0,
    recoveries: 0,
    programs: 0,
    lines: 0,
    slowestStartMs: 0,
  };
  readonly #daemon: TestDaemon;
  readonly #trouble: Trouble;
  readonly #random: Random;
  readonly #workers: TokensAtWork[] = [];
  readonly #printing: Printing[] = [];
  #programs: ProgramsAtWork | undefined;
  #rpc: Rpc;

  constructor(daemon: TestDaemon, trouble: Trouble, random: Random) {
    this.#daemon = daemon;
    this.#trouble = trouble;
    this.#random = random;
    this.#rpc = new Rpc(daemon.serverFile);
  }

  /** People with tokens, and people whose programs print. */
  async begin(): Promise<void> {
    for (const account of [alice, mallory, bob, dora]) {
      const person = await Person.start(account);
      const common = { random: this.#dice(), outage: () => this.#trouble.outage };
      const bySsh = { mostIssues: MOST_LOGINS, pauseMs: PAUSE_MS, issue: () => logIn(this.#daemon) };
      this.#workers.push(new TokensAtWork(person, { ...common, ...(account === dora && bySsh) }));
      await person.meet(this.#daemon);
    }
    for (const account of [alice, mallory]) this.#printing.push(await this.#print(account));
    this.#programs = new ProgramsAtWork(
      this.#dice(),
      this.#printing.map(({ token }) => token),
      this.#printing.map(({ lines }) => lines.id),
    );
  }

  #dice(): Random {
    return new Random(this.#random.between(0, 2 ** 31));
  }

  async #print(account: Account): Promise<Printing> {
    const link = await this.#daemon.link(account, '--print-token');
    const [token] = await link.printed(/\S+/);
    const lines = await NumberedLines.start(() => this.#rpc, token);
    const socket = claimsOf(token).socket;
    const linkPid = (await this.#links()).find((one) => one.socket === socket)?.pid ?? 0;
    return { link, token, linkPid, lines };
  }

  /** Work, trouble, death, and what is left of all promises. */
  async round(): Promise<void> {
    const children = await this.#workToDeath();
    this.#trouble.end();
    await this.#startAgain();
    await this.#check();
    await until('what the daemon had started', async () => children.filter(isRunning).join(' '));
  }

  /** Answers with the processes that came from the daemon when it was killed. */
  async #workToDeath(): Promise<readonly number[]> {
    const over = new AbortController();
    for (const worker of this.#workers) worker.begin();
    const works = this.#workers.map((worker) => worker.work(over.signal));
    works.push(this.#programs?.work(this.#rpc, over.signal) ?? Promise.resolve());
    try {
      await this.#someWork();
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

  /** Until a random number of requests is answered, so that a slow machine does as much in a round as a fast one. */
  async #someWork(): Promise<void> {
    const wanted = this.#sum('issued') + this.#sum('revoked') + this.#random.between(0, MOST_ANSWERS);
    const deadline = performance.now() + WORK_MS;
    while (this.#sum('issued') + this.#sum('revoked') < wanted && performance.now() < deadline)
      await delay(1);
  }

  /** Once its disk works again, so does the daemon. */
  async #recover(): Promise<void> {
    this.#trouble.end();
    const [worker] = this.#workers;
    await until('recovery', async () => ((await worker?.issue()) ? '' : 'no token is issued'), AGAIN_MS);
    this.figures.recoveries += 1;
  }

  #sum(key: Summed): number {
    return this.#workers.reduce((total, { counts }) => total + counts[key], 0);
  }

  async #startAgain(): Promise<void> {
    const beganMs = performance.now();
    await this.#daemon.serve();
    this.figures.slowestStartMs = Math.max(
      this.figures.slowestStartMs,
      Math.round(performance.now() - beganMs),
    );
    this.#rpc[Symbol.dispose]();
    this.#rpc = new Rpc(this.#daemon.serverFile);
    await Promise.all(this.#workers.map(({ person }) => person.meet(this.#daemon)));
  }

  async #check(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => this.#checkTokens(worker)));
    await this.#checkList();
    await this.#checkLinks();
    await this.#checkSessions();
    for (const key of SUMMED) this.figures[key] = this.#sum(key);
    this.figures.logins = this.#workers.flatMap(({ tokens }) =>
      tokens.filter(({ socket }) => socket === ''),
    ).length;
    this.figures.failedSyncs = this.#trouble.failedSyncs;
    this.figures.programs = this.#programs?.checked ?? 0;
    this.figures.lines = this.#printing.reduce((total, { lines }) => total + lines.lines, 0);
  }

  /** All that may be good, all that this round did, and some of the old ones. */
  async #checkTokens(worker: TokensAtWork): Promise<void> {
    const old = worker.tokens.filter(({ isOver }) => isOver);
    const some = Array.from({ length: OLD_ONES }, () => this.#random.of(old)).filter(
      (it) => it !== undefined,
    );
    const all = [...worker.tokens.filter(({ isOver }) => !isOver), ...new Set(some)];
    await Promise.all(all.map(async (known) => settle(known, await worker.look(known))));
    if (worker.findings.length > 0) throw new Error(worker.findings.join('\n'));
  }

  /** The server's own list is exactly what is good, but for logins by SSH that were not answered. */
  async #checkList(): Promise<void> {
    await this.#revokeUntold();
    await until('tokens', async () => {
      const listed = await this.#listedTokens(...METHODS);
      return difference(this.#goodTokens(), listed);
    });
  }

  #goodTokens(): string[] {
    const known = this.#workers.flatMap(({ tokens }) => tokens.filter(({ isOver }) => !isOver));
    return [...known.map(({ jti }) => jti), ...this.#printing.map(({ token }) => claimsOf(token).jti)];
  }

  /** A link is given its token by the daemon itself; a login by SSH, that is made and not answered, leaves one. */
  async #revokeUntold(): Promise<void> {
    const good = this.#goodTokens();
    const jtis = (await this.#listedTokens(BY_SSH)).filter((jti) => !good.includes(jti));
    const untold = this.#workers.reduce((total, worker) => total + worker.untold, 0);
    if (jtis.length > untold) throw new Error(`${jtis} are nobody's, and ${untold} could be`);
    if (jtis.length === 0) return;
    const bytes = RevokeTokensRequest.encode(RevokeTokensRequest.fromPartial({ jtis })).finish();
    await this.#rpc.unary('/latchkey.v1.TokenService/RevokeTokens', bytes, this.#adminToken());
  }

  async #listedTokens(...methods: readonly string[]): Promise<string[]> {
    const jtis: string[] = [];
    let pageToken = '';
    do {
      const request = ListTokensRequest.fromPartial({ pageSize: 1000, pageToken });
      const bytes = ListTokensRequest.encode(request).finish();
      const answer = await this.#rpc.unary('/latchkey.v1.TokenService/ListTokens', bytes, this.#adminToken());
      if (answer.response === undefined) throw new Error(`no list of tokens: ${answer.message}`);
      const page = ListTokensResponse.decode(answer.response);
      jtis.push(
        ...page.tokens.filter(({ authMethod }) => methods.includes(authMethod)).map(({ jti }) => jti),
      );
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return jtis;
  }

  async #links(): Promise<ListLinksResponse['links']> {
    const bytes = ListLinksRequest.encode(ListLinksRequest.fromPartial({ pageSize: 1000 })).finish();
    const { response } = await this.#rpc.unary(
      '/latchkey.v1.LinkService/ListLinks',
      bytes,
      this.#adminToken(),
    );
    return response === undefined ? [] : ListLinksResponse.decode(response).links;
  }

  /** Every good token's link is there and ready, real ones in the process they were. */
  async #checkLinks(): Promise<void> {
    await until('links', async () => {
      const links = await this.#links();
      const known = this.#workers.flatMap(({ tokens }) => tokens.filter(({ isOver }) => !isOver));
      const linked = known.filter(({ socket }) => socket !== '');
      const wanted = [...linked, ...this.#printing.map(({ token }) => claimsOf(token))].map(
        ({ socket }) => socket,
      );
      // Link daemons are the logins' by SSH.
      const ready = links.filter(({ state, daemon }) => state === LinkState.READY && !daemon);
      return difference(
        wanted,
        ready.map(({ socket }) => socket),
      );
    });
    for (const { link, linkPid } of this.#printing) {
      if (link.child.exitCode !== null) throw new Error('a link has ended');
      if (!(await this.#links()).some(({ pid }) => pid === linkPid))
        throw new Error(`link ${linkPid} is lost`);
    }
  }

  async #checkSessions(): Promise<void> {
    await this.#programs?.check(this.#rpc, this.#adminToken());
    for (const { lines } of this.#printing) {
      const { lines: before } = lines;
      await until('another line', async () => (lines.lines > before ? '' : `${before} lines`));
    }
  }

  /** Ends what prints, and looks for what should have ended with it. */
  async finish(): Promise<void> {
    await this.#programs?.checkEnd(this.#rpc, this.#adminToken());
    this.figures.lines = 0;
    for (const { lines, link } of this.#printing) {
      this.figures.lines += await lines.end();
      link.kill('SIGTERM');
      await link.finished;
    }
    await until('orphans', async () =>
      markedProcesses()
        .map(({ pid, command }) => `${pid} ${command}`)
        .join('\n'),
    );
  }

  async close(): Promise<void> {
    for (const { lines } of this.#printing) await lines.stop();
    this.#rpc[Symbol.dispose]();
    for (const { person } of this.#workers) await person[Symbol.asyncDispose]();
    this.#trouble.end();
  }

  #adminToken(): string {
    return readFileSync(join(this.#daemon.runFolder, 'token'), 'utf8').trim();
  }
}

/** A login with a password through sshd: a token without a link of its own. */
async function logIn(daemon: TestDaemon): Promise<Issue> {
  const { token, reason, message = '' } = await converse(daemon, dora.name, [PASSWORD]);
  const jti = token === undefined ? '' : claimsOf(token).jti;
  return { code: token === undefined ? 1 : 0, reason, message, token, jti, socket: '' };
}

function claimsOf(token: string): { jti: string; socket: string } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return { jti: claims.jti, socket: claims['fastx/socket'] };
}

/** In words what is in one and not in the other; '' when they are the same. */
function difference(wanted: readonly string[], found: readonly string[]): string {
  const lost = wanted.filter((one) => !found.includes(one)).map((one) => `${one} is missing`);
  const more = found.filter((one) => !wanted.includes(one)).map((one) => `${one} is nobody's`);
  return [...lost, ...more].join(', ');
}
