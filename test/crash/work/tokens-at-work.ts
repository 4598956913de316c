/** A person who gets and revokes tokens as fast as the daemon answers, and remembers each answer. */

import { setTimeout as delay } from 'node:timers/promises';
import { tokensById } from '../../../src/client/token-selection.ts';
import { StopLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { RevokeTokensRequest } from '../../../src/generated/latchkey/v1/token.ts';
import type { Random } from '../../support/run/random.ts';
import type { Issue, Person } from '../../support/server/person.ts';
import type { Answer } from '../../support/server/rpc.ts';
import { contradiction, type KnownToken, type Seen } from '../history/model.ts';

const MAX_LIVE = 12;
/** The daemon accepts 60 registrations of a user a minute; a new daemon starts counting again. */
const MAX_ISSUES = 40;
/** Pause after an answer that the disk is full or broken. */
const RETRY_MS = 30;
const NOTHING = Buffer.alloc(0);

export interface Counts {
  issued: number;
  revoked: number;
  /** Requests without an acknowledgement. */
  unanswered: number;
  /** Requests answered with STORE_UNAVAILABLE. */
  unstored: number;
}

export interface WorkOptions {
  readonly random: Random;
  /** Returns the number of the current outage; 0 outside of outages. */
  readonly outage: () => number;
  /** Issued by one daemon, at most. */
  readonly maxIssues?: number;
  /** Longest pause before each operation, in milliseconds; 0 by default. */
  readonly pauseMs?: number;
  /** Gets a token; through a link by default. */
  readonly issue?: () => Promise<Issue>;
}

export class TokensAtWork {
  readonly person: Person;
  readonly tokens: KnownToken[] = [];
  readonly counts: Counts = { issued: 0, revoked: 0, unanswered: 0, unstored: 0 };
  /** Promises that were broken. */
  readonly findings: string[] = [];
  /** Tokens that may exist without an owner: requests to the last daemon without an answer. */
  unclaimed = 0;
  readonly #random: Random;
  readonly #outage: () => number;
  readonly #maxIssues: number;
  readonly #pauseMs: number;
  readonly #issueOne: () => Promise<Issue>;
  #issues = 0;

  constructor(person: Person, options: WorkOptions) {
    const { random, outage, maxIssues = MAX_ISSUES, pauseMs = 0, issue } = options;
    this.person = person;
    this.#random = random;
    this.#outage = outage;
    this.#maxIssues = maxIssues;
    this.#pauseMs = pauseMs;
    this.#issueOne = issue ?? (() => person.issue());
  }

  get live(): KnownToken[] {
    return this.tokens.filter((known) => !known.isOver && known.revoked === 'no');
  }

  /** Starts with a new daemon. */
  begin(): void {
    this.#issues = 0;
    this.unclaimed = 0;
  }

  /** Issues and revokes until `over`, one operation at a time. */
  async work(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      if (this.#pauseMs > 0) await this.#rest(over);
      const { length } = this.live;
      const canIssue = this.#issues < this.#maxIssues && length < MAX_LIVE;
      if (canIssue && (length < 3 || this.#random.chance(0.6))) await this.issue();
      else if (length > 0) await this.#revoke();
      else return;
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    await delay(this.#random.between(0, this.#pauseMs), undefined, { signal }).catch(() => undefined);
  }

  /** Issues a token; returns whether that was acknowledged. */
  async issue(): Promise<boolean> {
    this.#issues += 1;
    const outage = this.#outage();
    const { code, reason, jti, token, socket } = await this.#issueOne();
    const isDone = code === 0;
    this.#isHonest(isDone, outage, `${jti}: issued`);
    await this.#count('issued', code, reason);
    if (token === undefined) {
      this.unclaimed += 1;
      return isDone;
    }
    const owner = this.person.account.name;
    const known: KnownToken = {
      jti,
      token,
      socket,
      owner,
      issued: isDone ? 'done' : 'unanswered',
      revoked: 'no',
      isOver: false,
    };
    this.tokens.push(known);
    if (reason !== undefined) known.revoked = 'unanswered'; // the daemon takes it back itself
    if (this.#random.chance(0.2)) await this.look(known);
    return isDone;
  }

  async #revoke(): Promise<void> {
    const known = this.#random.of(this.live);
    if (known === undefined) return;
    known.revoked = 'unanswered';
    const outage = this.#outage();
    const answer = await this.#asOneOf(known);
    this.#isHonest(answer.code === 0, outage, `${known.jti}: revoked`);
    if (answer.code === 0) known.revoked = 'done';
    await this.#count('revoked', answer.code, answer.reason);
    if (answer.code === 0 || answer.reason === 'STORE_UNAVAILABLE') await this.#isRefused(known);
  }

  async #count(what: 'issued' | 'revoked', code: number, reason: string | undefined): Promise<void> {
    const isUnstored = reason === 'STORE_UNAVAILABLE';
    this.counts[code === 0 ? what : isUnstored ? 'unstored' : 'unanswered'] += 1;
    if (isUnstored) await delay(RETRY_MS);
  }

  #asOneOf({ jti, token, socket }: KnownToken): Promise<Answer> {
    const revoke = RevokeTokensRequest.fromPartial({ selection: tokensById([jti]) });
    const calls = [
      () => this.person.call('/latchkey.v1.AuthService/Logout', NOTHING, token),
      () =>
        this.person.call(
          '/latchkey.v1.TokenService/RevokeTokens',
          RevokeTokensRequest.encode(revoke).finish(),
          token,
        ),
    ];
    const stop = StopLinkRequest.encode({ socket, validateOnly: false }).finish();
    if (socket !== '') calls.push(() => this.person.call('/latchkey.v1.LinkService/StopLink', stop, token));
    return (this.#random.of(calls) ?? calls[0] ?? fail)();
  }

  /** Checks that nothing was acknowledged that was requested and answered within one outage. */
  #isHonest(isAcknowledged: boolean, outage: number, what: string): void {
    if (isAcknowledged && outage > 0 && outage === this.#outage())
      this.findings.push(`${what}, while nothing could be kept`);
  }

  /** Checks that the daemon refuses the token once it has answered, even with STORE_UNAVAILABLE. */
  async #isRefused(known: KnownToken): Promise<void> {
    if ((await this.#ask(known)) === 'accepted')
      this.findings.push(`${known.jti}: accepted after its revocation was answered`);
  }

  /** Checks the daemon's current reaction to a token. */
  async look(known: KnownToken): Promise<Seen> {
    const seen = await this.#ask(known);
    const finding = contradiction(known, seen);
    if (finding !== undefined) this.findings.push(finding);
    return seen;
  }

  async #ask({ token }: KnownToken): Promise<Seen> {
    const { code, reason } = await this.person.call('/latchkey.v1.AuthService/WhoAmI', NOTHING, token);
    if (code === 0) return 'accepted';
    return reason === 'TOKEN_NOT_ACTIVE' ? 'refused' : undefined;
  }
}

function fail(): never {
  throw new Error('there is no way to revoke');
}
