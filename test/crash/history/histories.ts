/**
 * Random operations on tokens from concurrent clients; each response is checked against the token's
 * history.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokensById } from '../../../src/client/token-selection.ts';
import {
  AuthMethod,
  GetTokenRequest,
  ListTokensRequest,
  ListTokensResponse,
  RevokeTokensRequest,
  VerifyTokenRequest,
  VerifyTokenResponse,
  WatchTokensRequest,
  WatchTokensResponse,
} from '../../../src/generated/latchkey/v1/token.ts';
import { Random } from '../../support/run/random.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Person } from '../../support/server/person.ts';
import { Rpc } from '../../support/server/rpc.ts';
import { claimsOf } from '../work/claims-of.ts';
import { crowdOf } from '../work/crowd.ts';
import { type LeanAnswer, LeanRpc } from '../work/lean-rpc.ts';
import { type Reading, TokenHistory } from './token-history.ts';

export interface HistoryOptions {
  readonly operations: number;
  readonly seed: number;
  /** Called from time to time. */
  readonly report?: (figures: HistoryFigures) => void;
}

export interface HistoryFigures {
  operations: number;
  issued: number;
  revoked: number;
  /** Number of tokens that were seen to expire. */
  expired: number;
  readings: number;
}

interface Held {
  readonly token: string;
  readonly history: TokenHistory;
}

const PEOPLE = 12;
const CLIENTS = 16;
/** Short enough for tokens to expire while others are issued. */
const LIFETIME_SECONDS = 8;
/** The daemon accepts 60 registrations of a user a minute. */
const ISSUE_INTERVAL_MS = 1_050;
/** Number of tokens before the operations begin. */
const FIRST_TOKENS = 60;
const OPERATIONS_A_TOKEN = 80;
const POLL_MS = 50;
const KEPT = 2_000;
const EVERY = 50_000;
const SERVICE = '/latchkey.v1.TokenService';

/** Resolves with the figures. Throws the findings and the seed. */
export async function checkHistories(options: HistoryOptions): Promise<HistoryFigures> {
  await using owned = new AsyncDisposableStack();
  const config = { tokens: { lifetimes: { link: `${LIFETIME_SECONDS}s` } } };
  const daemon = owned.use(await TestDaemon.start({ config }));
  const people = [];
  for (const account of crowdOf(PEOPLE)) {
    const person = owned.use(await Person.start(account));
    await person.meet(daemon);
    people.push(person);
  }
  const run = new Histories(daemon, options);
  owned.defer(() => run.close());
  await run.run(people);
  if (run.findings.length > 0) throw new Error([`seed ${options.seed}`, ...run.findings].join('\n'));
  return run.figures;
}

class Histories {
  readonly findings: string[] = [];
  readonly figures: HistoryFigures = { operations: 0, issued: 0, revoked: 0, expired: 0, readings: 0 };
  readonly #options: HistoryOptions;
  readonly #random: Random;
  readonly #lines: LeanRpc[];
  readonly #watched: Rpc;
  readonly #administrator: string;
  /** Tokens that may still be looked at. */
  readonly #held: Held[] = [];
  readonly #byJti = new Map<string, TokenHistory>();
  readonly #removed = new Set<string>();
  readonly #over = new AbortController();
  #told = 0;

  constructor(daemon: TestDaemon, options: HistoryOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#lines = Array.from({ length: 4 }, () => new LeanRpc(daemon.serverFile));
    this.#watched = new Rpc(daemon.serverFile);
    this.#administrator = readFileSync(join(daemon.runFolder, 'token'), 'utf8').trim();
  }

  async run(people: readonly Person[]): Promise<void> {
    const watching = this.#watch();
    const issuing = people.map((person) => this.#issue(person));
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.#work(client)));
    this.#over.abort();
    await Promise.all([...issuing, watching]);
    await this.#lookAfterExpiry();
  }

  /** Waits until the time of every token is over, and reads each once more: none may be valid then. */
  async #lookAfterExpiry(): Promise<void> {
    const lastMs = Math.max(...this.#held.map(({ history }) => history.expiresMs));
    while (this.findings.length === 0 && Date.now() <= lastMs) await tick(POLL_MS);
    const [line] = this.#lines;
    if (line === undefined || this.findings.length > 0) return;
    for (const held of this.#held) await this.#look(line, held, this.#random.next());
  }

  /** Issues tokens for all clients, in step with their operations and within the daemon's limits. */
  async #issue(person: Person): Promise<void> {
    while (!this.#over.signal.aborted) {
      const nextMs = performance.now() + ISSUE_INTERVAL_MS;
      const { code, token } = await person.issue();
      if (code === 0 && token !== undefined) this.#hold(token);
      this.figures.operations += 1;
      const isTime = (): boolean =>
        performance.now() > nextMs &&
        this.figures.operations > (this.figures.issued - FIRST_TOKENS) * OPERATIONS_A_TOKEN;
      while (!isTime() && !this.#over.signal.aborted) await tick(POLL_MS);
    }
  }

  #hold(token: string): void {
    const { jti, exp } = claimsOf(token);
    const history = new TokenHistory(jti, exp * 1000);
    if (this.#byJti.has(jti)) this.findings.push(`${jti}: issued twice`);
    this.#byJti.set(jti, history);
    this.#held.push({ token, history });
    if (this.#held.length > KEPT) this.#held.shift();
    this.figures.issued += 1;
  }

  async #work(client: number): Promise<void> {
    const line = this.#lines[client % this.#lines.length];
    while (line !== undefined && this.figures.operations < this.#options.operations) {
      if (this.findings.length > 0) return;
      const held = this.#random.of(this.#held.slice(this.#random.chance(0.8) ? -200 : 0));
      if (held === undefined) await tick(1);
      else await this.#operate(line, held);
      this.figures.operations += held === undefined ? 0 : 1;
      this.#tell();
    }
  }

  #tell(): void {
    if (this.figures.operations < this.#told + EVERY) return;
    this.#told += EVERY;
    this.#options.report?.(this.figures);
  }

  async #operate(line: LeanRpc, held: Held): Promise<void> {
    const choice = this.#random.next();
    if (choice < 0.005) return this.#revoke(line, held);
    if (choice < 0.006) return this.#list(line);
    await this.#look(line, held, choice);
  }

  async #look(line: LeanRpc, held: Held, choice: number): Promise<void> {
    const askedMs = nextMoment();
    const reading = await this.#reading(line, held, choice);
    this.#note(held.history, reading, askedMs);
  }

  /** Asks about a token in one of the possible ways: as itself, or as the administrator. */
  async #reading(
    line: LeanRpc,
    { token, history: { jti } }: Held,
    choice: number,
  ): Promise<Reading | undefined> {
    if (choice < 0.6) return readingOf(await line.unary('/latchkey.v1.AuthService/WhoAmI', NOTHING, token));
    if (choice < 0.8) {
      const request = GetTokenRequest.encode({ jti }).finish();
      const { reason } = await line.unary(`${SERVICE}/GetToken`, request, this.#administrator);
      return reason === undefined ? 'valid' : reason === 'NOT_FOUND' ? 'ended' : undefined;
    }
    const request = VerifyTokenRequest.encode({ token }).finish();
    const { response } = await line.unary(`${SERVICE}/VerifyToken`, request, this.#administrator);
    if (response === undefined) return undefined;
    const { active, reason } = VerifyTokenResponse.decode(response);
    return active ? 'valid' : READINGS[reason];
  }

  async #revoke(line: LeanRpc, held: Held): Promise<void> {
    const { token, history } = held;
    const asked = history.isRevoking;
    history.revoking(nextMoment());
    const own = this.#random.chance(0.5);
    const request = RevokeTokensRequest.fromPartial({ selection: tokensById([history.jti]) });
    const bytes = RevokeTokensRequest.encode(request).finish();
    const { reason } = await line.unary(`${SERVICE}/RevokeTokens`, bytes, own ? token : this.#administrator);
    if (reason !== undefined) return;
    history.revoked(nextMoment());
    if (!asked) this.figures.revoked += 1;
    // Checks at once, on other connections, too.
    for (const other of this.#lines) await this.#look(other, held, this.#random.next());
  }

  /**
   * Checks that all listed tokens are valid and that none is listed which was never issued, except while it
   * is being issued.
   */
  async #list(line: LeanRpc): Promise<void> {
    const request = ListTokensRequest.fromPartial({
      filter: { authMethod: AuthMethod.LINK },
      pageSize: 1000,
    });
    const bytes = ListTokensRequest.encode(request).finish();
    const askedMs = nextMoment();
    const { response } = await line.unary(`${SERVICE}/ListTokens`, bytes, this.#administrator);
    if (response === undefined) return;
    for (const { jti } of ListTokensResponse.decode(response).tokens) {
      const history = this.#byJti.get(jti);
      if (history !== undefined) this.#note(history, 'valid', askedMs);
    }
  }

  /** Watches the server's events: a token that was removed must never come back. */
  async #watch(): Promise<void> {
    const request = WatchTokensRequest.encode(WatchTokensRequest.create()).finish();
    const messages = this.#watched.messages(
      `${SERVICE}/WatchTokens`,
      request,
      this.#administrator,
      this.#over.signal,
    );
    for await (const message of messages) {
      const { event } = WatchTokensResponse.decode(message);
      if (event?.$case === 'removedJti') this.#removed.add(event.value);
      if (event?.$case === 'token' && this.#removed.has(event.value.jti))
        this.findings.push(`${event.value.jti}: removed, and shown again by the watch`);
    }
  }

  #note(history: TokenHistory, reading: Reading | undefined, askedMs: number): void {
    if (reading === undefined) return;
    this.figures.readings += 1;
    if (reading !== 'valid' && !history.isOver && !history.isRevoking) this.figures.expired += 1;
    const finding = history.read(reading, askedMs, nextMoment());
    if (finding !== undefined) this.findings.push(finding);
  }

  async close(): Promise<void> {
    this.#over.abort();
    for (const line of [...this.#lines, this.#watched]) line[Symbol.dispose]();
  }
}

const NOTHING = Buffer.alloc(0);
const READINGS: Readonly<Record<string, Reading>> = {
  TOKEN_NOT_ACTIVE: 'ended',
  TOKEN_EXPIRED: 'expired',
};

function readingOf({ reason }: LeanAnswer): Reading | undefined {
  return reason === undefined ? 'valid' : READINGS[reason ?? ''];
}

let lastMs = 0;

/** Returns a strictly increasing time: what is asked after an answer must have a later time. */
function nextMoment(): number {
  lastMs = Math.max(lastMs + 0.001, Date.now());
  return lastMs;
}

function tick(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
