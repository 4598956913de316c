/**
 * Kills the daemon at random moments, round after round, while several people issue and revoke
 * tokens, start programs and read numbered lines; and finds out after each start whether anything
 * that was acknowledged has been lost.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LinkState, ListLinksRequest, ListLinksResponse } from '../../src/generated/latchkey/v1/link.ts';
import { SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { ListTokensRequest, ListTokensResponse } from '../../src/generated/latchkey/v1/token.ts';
import { type Account, alice, bob, dora, mallory, type Run } from '../support/account.ts';
import { TestDaemon } from '../support/daemon.ts';
import { Person } from '../support/person.ts';
import { Rpc } from '../support/rpc.ts';
import { settle } from './model.ts';
import { getSession, NumberedLines, startScript } from './numbered-lines.ts';
import { Random } from './random.ts';
import { TokensAtWork } from './tokens-at-work.ts';
import { type Trouble, type TroubleName, troubleOf } from './trouble.ts';

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
  revoked: number;
  unanswered: number;
  /** Requests answered with STORE_UNAVAILABLE. */
  unstored: number;
  /** Times that the daemon has worked again after trouble, without a restart. */
  recoveries: number;
  /** Programs whose start was acknowledged, beside those that print. */
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

const EXIT_STATUS = 3;
const SETTLED_MS = 15_000;
const SUMMED = ['issued', 'revoked', 'unanswered', 'unstored'] as const;
type Summed = (typeof SUMMED)[number];
const OLD_ONES = 20;
const [SOON_MS, AGAIN_MS] = [20, 800];
const MOST_ANSWERS = 60;
const WORK_MS = 3_000;

/** Resolves with the figures; throws with every promise that was broken, and the seed. */
export async function runCrashLoop(options: LoopOptions): Promise<Figures> {
  const trouble = troubleOf(options.trouble);
  await using owned = new AsyncDisposableStack();
  const daemon = owned.use(
    await TestDaemon.start(trouble.state === undefined ? {} : { state: trouble.state }),
  );
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
    revoked: 0,
    unanswered: 0,
    unstored: 0,
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
  /** Sessions whose start was acknowledged in this round, with the token that started them. */
  #started: { id: string; token: string }[] = [];
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
      this.#workers.push(new TokensAtWork(person, new Random(this.#random.between(0, 2 ** 31))));
      await person.meet(this.#daemon);
    }
    for (const account of [alice, mallory]) this.#printing.push(await this.#print(account));
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
    const over = new AbortController();
    for (const worker of this.#workers) worker.begin();
    const works = this.#workers.map((worker) => worker.work(over.signal));
    const programs = this.#startPrograms(over.signal);
    await this.#someWork();
    await this.#trouble.pass(this.#daemon, this.#random);
    if (this.#trouble.isReal && this.#random.chance(0.5)) await this.#recover();
    await delay(this.#random.between(0, 30));
    await this.#daemon.end('SIGKILL');
    this.figures.kills += 1;
    over.abort();
    await Promise.all([...works, programs]);
    this.#trouble.end();
    await this.#startAgain();
    await this.#check();
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
    await this.#until(
      'recovery',
      async () => ((await worker?.issue()) ? '' : 'no token is issued'),
      AGAIN_MS,
    );
    this.figures.recoveries += 1;
  }

  #sum(key: Summed): number {
    return this.#workers.reduce((total, { counts }) => total + counts[key], 0);
  }

  /** Short programs, one after the other, through the links of those who print. */
  async #startPrograms(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const { token } = this.#random.of(this.#printing) ?? { token: '' };
      const session = await startScript(this.#rpc, token, `echo short; exit ${EXIT_STATUS}`);
      if (session !== undefined) this.#started.push({ id: session.id, token });
      await delay(this.#random.between(10, 100));
    }
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

  /** The server's own list is exactly what is good. */
  async #checkList(): Promise<void> {
    await this.#until('tokens', async () => {
      const known = this.#workers.flatMap(({ tokens }) => tokens.filter(({ isOver }) => !isOver));
      const wanted = [
        ...known.map(({ jti }) => jti),
        ...this.#printing.map(({ token }) => claimsOf(token).jti),
      ];
      const listed = await this.#listedTokens();
      return difference(wanted, listed);
    });
  }

  async #listedTokens(): Promise<string[]> {
    const jtis: string[] = [];
    let pageToken = '';
    do {
      const request = ListTokensRequest.fromPartial({
        filter: { authMethod: 'link' },
        pageSize: 1000,
        pageToken,
      });
      const bytes = ListTokensRequest.encode(request).finish();
      const answer = await this.#rpc.unary('/latchkey.v1.TokenService/ListTokens', bytes, this.#adminToken());
      if (answer.response === undefined) throw new Error(`no list of tokens: ${answer.message}`);
      const page = ListTokensResponse.decode(answer.response);
      jtis.push(...page.tokens.map(({ jti }) => jti));
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
    await this.#until('links', async () => {
      const links = await this.#links();
      const known = this.#workers.flatMap(({ tokens }) => tokens.filter(({ isOver }) => !isOver));
      const wanted = [...known, ...this.#printing.map(({ token }) => claimsOf(token))].map(
        ({ socket }) => socket,
      );
      const ready = links.filter(({ state }) => state === LinkState.READY);
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

  /** What was acknowledged to have started goes on, or has ended as it does. */
  async #checkSessions(): Promise<void> {
    for (const { id, token } of this.#started) {
      await this.#until(`the end of ${id}`, async () => {
        const session = await getSession(this.#rpc, token, id);
        if (session?.state === SessionState.ENDED && session.exitStatus === EXIT_STATUS) return '';
        return JSON.stringify(session ?? 'is not there');
      });
    }
    this.figures.programs += this.#started.length;
    this.#started = [];
    for (const { lines, token } of this.#printing) {
      const session = await getSession(this.#rpc, token, lines.id);
      if (session?.state !== SessionState.RUNNING)
        throw new Error(`${lines.id} is ${session?.state ?? 'lost'}`);
      const { lines: before } = lines;
      await this.#until('another line', async () => (lines.lines > before ? '' : `${before} lines`));
    }
  }

  /** Ends what prints, and looks for what should have ended with it. */
  async finish(): Promise<void> {
    this.figures.lines = 0;
    for (const { lines, link } of this.#printing) {
      this.figures.lines += await lines.end();
      link.kill('SIGTERM');
      await link.finished;
    }
    await this.#until('orphans', async () => orphans().join('\n'));
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

  /** Waits until `look` has nothing to complain about. */
  async #until(what: string, look: () => Promise<string>, pauseMs = SOON_MS): Promise<void> {
    const deadline = performance.now() + SETTLED_MS;
    for (let complaint = await look(); complaint !== ''; complaint = await look()) {
      if (performance.now() > deadline) throw new Error(`${what}: ${complaint}`);
      await delay(pauseMs);
    }
  }
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

/** Processes of sessions that still run, by the mark that each of them carries. */
function orphans(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const marked = readFileSync(`/proc/${pid}/environ`, 'latin1').includes('LATCHKEY_SESSION_ID=');
      return marked ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`] : [];
    } catch {
      return []; // it has just ended
    }
  });
}
