/**
 * Revocation ends tokens, links and sessions, whatever the reason: revoked, logged out, expired, stopped.
 * It promises that a token is refused at once; that it is deleted before a receipt is returned, or an error
 * is returned and the deletion retried every second; and that at the time of the receipt the token's calls
 * have left and its dependents have ended, or the receipt names what has not. It never ends what the caller
 * may not end.
 */

import type { AccountChecks } from '../accounts/account-checks.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority, Call, EndReason } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { DEFAULT_GRACE_MS } from '../grace-period.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import { type TokenClaims, tokenExpired } from '../token/claims.ts';
import { AccountWatch } from './account-watch.ts';
import { type Deletion, Deletions } from './deletions.ts';
import {
  type Ending,
  endedSessionsOf,
  endingOf,
  endsSessions,
  linksOf,
  type RevocationSettings,
  sessionsOf,
  unusedDaemons,
} from './dependents.ts';
import { Expiry } from './expiry.ts';
import type { Requester, Roles } from './may-end.ts';
import { preview } from './preview.ts';
import { type Part, partOf, type Receipt, receiptOf } from './receipt.ts';
import { type Selected, type Selection, type Session, select, type Tokens } from './select.ts';
import { peopleIn, peopleOf, stillRunning } from './still-running.ts';
import { tokensWithoutLink } from './tokens-without-link.ts';

export type { Requester } from './may-end.ts';
export type { Receipt } from './receipt.ts';
export type { Selection, Tokens } from './select.ts';

export interface RevocationOptions {
  readonly authority: Pick<
    Authority,
    | 'refuse'
    | 'refusePending'
    | 'endCalls'
    | 'delete'
    | 'announceRemoval'
    | 'withChildren'
    | 'orphans'
    | 'expired'
    | 'idsOf'
    | 'claimsOf'
    | 'isActive'
    | 'get'
    | 'list'
    | 'liveTokensOf'
    | 'linuxUsers'
    | 'idsOfUser'
  >;
  readonly links: Pick<
    Links,
    'get' | 'find' | 'daemonsOf' | 'jtis' | 'prepareEnd' | 'settled' | 'observe' | 'remains'
  >;
  readonly sessions: Pick<Sessions, 'endable' | 'activeOf' | 'dependentOn' | 'end'>;
  readonly accounts: Pick<AccountChecks, 'checkAll'>;
  readonly roles: Roles;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => RevocationSettings;
  readonly audit: Pick<AuditLog, 'revoked'>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** Interval at which failed deletions are retried, and expired tokens ended. */
const POLL_MS = 1_000;

export class Revocation implements AsyncDisposable {
  readonly #options: RevocationOptions;
  readonly #deletions: Deletions;
  readonly #expiry: Expiry;
  readonly #accountWatch: AccountWatch;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: RevocationOptions) {
    const { authority, log } = options;
    this.#options = options;
    this.#deletions = new Deletions({
      authority,
      endDependents: (gone, ending) => this.#endDependents(gone, ending),
      log,
    });
    this.#expiry = new Expiry({
      authority,
      isEnding: (jti) => this.#deletions.isEnding(jti),
      end: (jtis) => this.revoke({ jtis }, 'expired'),
      log,
    });
    this.#accountWatch = new AccountWatch({
      ...options,
      end: (jtis) => this.revoke({ jtis }, 'revoked'),
      runningOf: (linuxUser) =>
        options.sessions.activeOf({ logins: new Set(), linuxUsers: new Set([linuxUser]) }),
    });
  }

  /**
   * Ends the tokens that an earlier daemon left behind: those whose parent or link no longer exists. From
   * then on tokens end when they expire, and when their links end. Throws STORE_UNAVAILABLE.
   */
  static async open(options: RevocationOptions): Promise<Revocation> {
    await using opening = new AsyncDisposableStack();
    const revocation = opening.use(new Revocation(options));
    const { authority, links } = options;
    links.observe({
      tokenObsolete: async (jti, why) => {
        if (authority.isActive(jti)) await revocation.revoke({ jtis: [jti] }, why);
      },
    });
    await revocation.revoke({ jtis: authority.orphans() }, 'revoked');
    await revocation.revoke({ jtis: await tokensWithoutLink(authority, links.jtis()) }, 'link-ended');
    revocation.#timer = setInterval(() => revocation.#poll(), POLL_MS).unref();
    void revocation.checkAccounts();
    opening.move();
    return revocation;
  }

  /**
   * Ends the logins of accounts that may start nothing any more, as happens every minute (X10). Never throws.
   */
  checkAccounts(): Promise<void> {
    return this.#accountWatch.look();
  }

  /** True when sessions end with the tokens that started them, if these are revoked. */
  get endsSessions(): boolean {
    return endsSessions({ why: 'revoked' }, this.#options);
  }

  /**
   * Ends what is selected, with the tokens derived from it and everything that depends on them. Without `by`
   * the server itself is the caller: tokens by id are then refused before this returns its promise, and ids
   * that are not active are ignored. Concurrent revocations of a token share one result. Throws NOT_FOUND and
   * PERMISSION_DENIED for what `by` may not end, SESSION_ENDED, LINK_LOST, and STORE_UNAVAILABLE when the
   * deletion is not durable, or it cannot be read what still runs; the tokens stay refused nevertheless.
   */
  async revoke(selection: Tokens, why: EndReason): Promise<Receipt>;
  async revoke(selection: Selection, why: EndReason, by: Requester): Promise<Receipt>;
  async revoke(selection: Selection, why: EndReason, by?: Requester): Promise<Receipt> {
    const { audit } = this.#options;
    const begun = performance.now();
    const selected =
      by === undefined ? (selection as Tokens) : await select(selection, why, by, this.#options);
    const ending = endingOf(selected, why);
    const jtis = 'login' in selected ? await this.#refusePending(selected.login, ending) : selected.jtis;
    const { ended, deletions } = this.#refuse(jtis, ending); // no call is accepted any more
    const settledParts = await settled([
      this.#endCalls(ended, why, by?.call),
      ...deletions.map((deletion) => this.#deletions.finish(deletion)), // ends the dependents, too
      this.#endSelectedSessions(selected),
    ]).catch((error: unknown) => {
      audit.revoked(receiptOf(ended, [], 0), why, by, error);
      throw error;
    });
    const parts = settledParts.flat();
    parts.push(...(await this.#endOtherSessions(ending, parts)));
    audit.revoked(receiptOf(ended, parts, performance.now() - begun), why, by);
    if (by !== undefined) parts.push(await stillRunning(peopleIn(selected, parts), parts, by, this.#options));
    return receiptOf(ended, parts, performance.now() - begun);
  }

  /** Returns the receipt that `revoke` would return now, and ends nothing. Throws what `revoke` throws. */
  preview(selection: Selection, why: EndReason, by: Requester): Promise<Receipt> {
    return preview(selection, why, by, this.#options);
  }

  /** Waits for the revocations in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#accountWatch[Symbol.dispose]();
    await this.#accountWatch.settled();
    await this.#expiry.settled();
    await this.#deletions.settled();
  }

  #poll(): void {
    void this.#deletions.retry();
    void this.#expiry.sweep();
  }

  /** Refuses the tokens that are being issued to `login`; returns the ids of all its tokens. */
  async #refusePending(login: string, ending: Ending): Promise<string[]> {
    const { authority } = this.#options;
    const pending = authority.refusePending(login);
    this.#deletions.begin({ active: [], pending }, ending);
    return [...(await authority.idsOf(login)), ...pending];
  }

  /**
   * Refuses the tokens. Returns those that end by this or by an earlier call that is still in progress, and
   * their deletions.
   */
  #refuse(jtis: readonly string[], ending: Ending): { ended: string[]; deletions: Deletion[] } {
    const alreadyEnding = [...new Set(jtis)].filter((jti) => this.#deletions.isEnding(jti));
    const refused = this.#options.authority.refuse(jtis);
    this.#deletions.begin(refused, ending);
    const deletions = this.#deletions.of([...jtis, ...refused.active, ...refused.pending]);
    return { ended: [...refused.active, ...alreadyEnding], deletions };
  }

  async #endCalls(jtis: readonly string[], why: EndReason, except: Call | undefined): Promise<Part[]> {
    const { authority, log } = this.#options;
    const calls = await authority.endCalls(jtis, errorFor(why), except);
    if (calls > 0) log.error({ calls }, 'calls of an ended token did not finish in time');
    return [];
  }

  /** Ends what depends on deleted tokens: sessions first, while their links can still end them. */
  async #endDependents(gone: readonly TokenClaims[], how: Ending): Promise<Part[]> {
    if (gone.length === 0) return [];
    const { authority, links } = this.#options;
    const { why } = how;
    for (const claims of gone) authority.announceRemoval(claims, why);
    const endings = linksOf(gone, this.#options).flatMap(({ socket }) => {
      const end = links.prepareEnd(socket);
      return end === undefined ? [] : [{ socket, end }];
    });
    // The links must end even when the store cannot be read.
    const found = await sessionsOf(gone, how, this.#options).catch((error: unknown) => ({ error }));
    const { ending, kept } = 'error' in found ? { ending: [], kept: [] } : found;
    const everything = endsSessions(how, this.#options);
    const parts: Part[] = [{ keptSessions: kept.map(({ id }) => id), people: peopleOf(gone, ending) }];
    parts.push(...(await Promise.all(ending.map((session) => this.#endSession(session, DEFAULT_GRACE_MS)))));
    const ended = endings.map(async ({ socket, end }) => partOf(await end(everything), { links: [socket] }));
    parts.push(...(await Promise.all(ended)));
    if ('error' in found) throw found.error; // it is unknown which sessions go on
    const unused = await unusedDaemons(gone, why, new Set(), this.#options);
    if (unused.length > 0) parts.push(await this.revoke({ jtis: unused }, why));
    await links.settled();
    return parts;
  }

  async #endSession(session: Session, graceMs: number): Promise<Part> {
    return partOf(await this.#options.sessions.end(session, graceMs), { sessions: [session.id] });
  }

  async #endSelectedSessions(selected: Selected): Promise<Part[]> {
    if (!('sessions' in selected)) return [];
    const { sessions, graceMs = DEFAULT_GRACE_MS } = selected;
    const parts = await Promise.all(sessions.map((session) => this.#endSession(session, graceMs)));
    return [...parts, { people: peopleOf([], sessions) }];
  }

  /** Ends the sessions of the login that did not depend on its tokens. */
  async #endOtherSessions(ending: Ending, parts: readonly Part[]): Promise<Part[]> {
    const done = new Set(parts.flatMap((part) => [...(part.sessions ?? []), ...survivingIn(part)]));
    const left = (await endedSessionsOf(ending, this.#options)).filter(({ id }) => !done.has(id));
    return Promise.all(left.map((session) => this.#endSession(session, DEFAULT_GRACE_MS)));
  }
}

/** Returns the ids of the sessions that could not be ended. */
function survivingIn({ survivors = [] }: Part): string[] {
  return survivors.flatMap(({ sessionId }) => sessionId ?? []);
}

/** Returns the error with which the calls of ended tokens are aborted. */
function errorFor(why: EndReason): AppError {
  if (why === 'expired') return tokenExpired();
  return new AppError('TOKEN_NOT_ACTIVE', 'the token was revoked; log in again');
}

/** Waits until all promises have settled; returns their values. Throws the error of the first that failed. */
async function settled<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
