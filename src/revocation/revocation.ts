/**
 * Revocation ends tokens, links and sessions, whatever the reason: revoked, logged out, expired, stopped.
 * It promises that a token is refused from the first moment on; that it is deleted for good before the
 * receipt, or nobody is told so and the deletion is tried again every second; and that the receipt comes
 * when the token's calls have left and all that hung on it has ended, or names what would not. It never
 * ends what is not the asker's to end.
 */
import type { Authority, Call, EndReason } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import { type TokenClaims, tokenExpired } from '../token/claims.ts';
import { Expiry } from './expiry.ts';
import { endsSessions, linksOf, type RevocationSettings, sessionsOf, unusedDaemons } from './hanging.ts';
import type { By, Roles } from './may-end.ts';
import { tokensWithoutLink } from './orphan-tokens.ts';
import { type Part, partOf, type Receipt, receiptOf } from './receipt.ts';
import { type Deletion, Deletions } from './retry-deletion.ts';
import { type Selected, type Selection, type Session, select, type Tokens } from './select.ts';

export type { By } from './may-end.ts';
export type { Receipt } from './receipt.ts';
export type { Selection, Tokens } from './select.ts';

export interface RevocationOptions {
  readonly authority: Pick<
    Authority,
    | 'refuse'
    | 'refusePending'
    | 'endCalls'
    | 'delete'
    | 'tellRemoved'
    | 'withChildren'
    | 'orphans'
    | 'expired'
    | 'idsOf'
    | 'claimsOf'
    | 'isActive'
    | 'get'
    | 'list'
    | 'liveTokensOf'
  >;
  readonly links: Pick<Links, 'get' | 'find' | 'daemonsOf' | 'jtis' | 'expectEnd' | 'settled' | 'observe'>;
  readonly sessions: Pick<Sessions, 'endable' | 'hangingOn' | 'end'>;
  readonly roles: Roles;
  /** The settings in force; they may change while the server runs. */
  readonly settings: () => RevocationSettings;
  readonly log: Pick<Log, 'error'>;
}

const LOOK_MS = 1_000;
/** Time between SIGTERM and SIGKILL for the processes of a session where nobody says another. */
const GRACE_MS = 3_000;

export class Revocation implements AsyncDisposable {
  readonly #options: RevocationOptions;
  readonly #deletions: Deletions;
  readonly #expiry: Expiry;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: RevocationOptions) {
    const { authority, log } = options;
    this.#options = options;
    this.#deletions = new Deletions({
      authority,
      consequences: (gone, why) => this.#endHanging(gone, why),
      log,
    });
    this.#expiry = new Expiry({
      authority,
      isEnding: (jti) => this.#deletions.isEnding(jti),
      end: (jtis) => this.revoke({ jtis }, 'expired'),
      log,
    });
  }

  /**
   * Ends the tokens that an earlier daemon could not end: of parents that are gone, and of links that are
   * no more. From then on tokens end with their time, and with their links. Throws STORE_UNAVAILABLE.
   */
  static async open(options: RevocationOptions): Promise<Revocation> {
    const revocation = new Revocation(options);
    const { authority, links } = options;
    links.observe({
      tokenOver: async (jti, why) => {
        if (authority.isActive(jti)) await revocation.revoke({ jtis: [jti] }, why);
      },
    });
    await revocation.revoke({ jtis: authority.orphans() }, 'revoked');
    await revocation.revoke({ jtis: await tokensWithoutLink(authority, links.jtis()) }, 'link-ended');
    revocation.#timer = setInterval(() => revocation.#look(), LOOK_MS).unref();
    return revocation;
  }

  /** True when sessions end with tokens that are revoked. */
  get endsSessions(): boolean {
    return endsSessions('revoked', this.#options);
  }

  /**
   * Ends what is selected, with the tokens made from those selected and everything that hangs on them.
   * Tokens by id are refused before this returns its promise when the server itself asks, which is without
   * `by`; ids that are not active are passed over then. Who asks while the same token is being ended waits
   * for the same. Throws NOT_FOUND and PERMISSION_DENIED for what `by` may not end, SESSION_ENDED,
   * LINK_REQUIRED, LINK_LOST, and STORE_UNAVAILABLE when the deletion is not durable: the tokens stay
   * refused all the same.
   */
  async revoke(selection: Tokens, why: EndReason): Promise<Receipt>;
  async revoke(selection: Selection, why: EndReason, by: By): Promise<Receipt>;
  async revoke(selection: Selection, why: EndReason, by?: By): Promise<Receipt> {
    const begun = performance.now();
    const selected =
      by === undefined ? (selection as Tokens) : await select(selection, why, by, this.#options);
    const asked = 'login' in selected ? await this.#refusePending(selected.login, why) : selected.jtis;
    const { ended, deletions } = this.#refuse(asked, why); // from here on nobody gets in
    const parts = await allOf([
      this.#endCalls(ended, why, by?.call),
      ...deletions.map((deletion) => this.#deletions.finish(deletion)), // and what hangs on the tokens
      this.#endSelectedSession(selected),
    ]);
    return receiptOf(ended, parts.flat(), performance.now() - begun);
  }

  /**
   * The receipt that `revoke` would answer now, as far as it can be known: without processes, survivors and
   * witness. Ends nothing. Throws what `revoke` throws.
   */
  async preview(selection: Selection, why: EndReason, by: By): Promise<Receipt> {
    const { authority } = this.#options;
    const selected = await select(selection, why, by, this.#options);
    const asked = 'login' in selected ? await authority.idsOf(selected.login) : selected.jtis;
    const jtis = authority.withChildren(asked);
    const parts = await this.#foresee(jtis, why, new Set(jtis));
    if ('session' in selected) parts.push({ sessions: [selected.session.id] });
    return receiptOf(jtis, parts, 0);
  }

  /** Finishes what is being ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#expiry.settled();
    await this.#deletions.settled();
  }

  #look(): void {
    void this.#deletions.retry();
    void this.#expiry.sweep();
  }

  /** Sees to it that nobody gets a token that is just being made for `login`. The ids of all that it has. */
  async #refusePending(login: string, why: EndReason): Promise<string[]> {
    const { authority } = this.#options;
    const pending = authority.refusePending(login);
    this.#deletions.begin({ active: [], pending }, why);
    return [...(await authority.idsOf(login)), ...pending];
  }

  /**
   * Refuses the tokens: answers those that have ended by that, or by an earlier call not over yet, and what
   * is left to do.
   */
  #refuse(asked: readonly string[], why: EndReason): { ended: string[]; deletions: Deletion[] } {
    const joined = [...new Set(asked)].filter((jti) => this.#deletions.isEnding(jti));
    const refused = this.#options.authority.refuse(asked);
    this.#deletions.begin(refused, why);
    const deletions = this.#deletions.of([...asked, ...refused.active, ...refused.pending]);
    return { ended: [...refused.active, ...joined], deletions };
  }

  async #endCalls(jtis: readonly string[], why: EndReason, except: Call | undefined): Promise<Part[]> {
    const { authority, log } = this.#options;
    const calls = await authority.endCalls(jtis, reasonFor(why), except);
    if (calls > 0) log.error({ calls }, 'calls of an ended token did not leave in time');
    return [];
  }

  /** Ends what hung on tokens that are gone: sessions first, while the links can be asked for it. */
  async #endHanging(gone: readonly TokenClaims[], why: EndReason): Promise<Part[]> {
    if (gone.length === 0) return [];
    const { authority, links, log } = this.#options;
    for (const claims of gone) authority.tellRemoved(claims, why);
    const hanging = linksOf(gone, this.#options).flatMap(({ socket }) => {
      const end = links.expectEnd(socket);
      return end === undefined ? [] : [{ socket, end }];
    });
    const { ending, staying } = await sessionsOf(gone, why, this.#options).catch((error: unknown) => {
      // A store that cannot say which sessions there are keeps no link alive.
      log.error({ err: error }, 'the sessions of ended tokens cannot be read');
      return { ending: [], staying: [] };
    });
    const everything = endsSessions(why, this.#options);
    const parts: Part[] = [{ keptSessions: staying.map(({ id }) => id) }];
    parts.push(...(await Promise.all(ending.map((session) => this.#endSession(session, GRACE_MS)))));
    const ended = hanging.map(async ({ socket, end }) => partOf(await end(everything), { links: [socket] }));
    parts.push(...(await Promise.all(ended)));
    const unused = await unusedDaemons(gone, why, new Set(), this.#options);
    if (unused.length > 0) parts.push(await this.revoke({ jtis: unused }, why));
    await links.settled();
    return parts;
  }

  async #endSession(session: Session, graceMs: number): Promise<Part> {
    return partOf(await this.#options.sessions.end(session, graceMs), { sessions: [session.id] });
  }

  async #endSelectedSession(selected: Selected): Promise<Part[]> {
    if (!('session' in selected)) return [];
    return [await this.#endSession(selected.session, selected.graceMs ?? GRACE_MS)];
  }

  /** Returns what `#endHanging` would report; `going` are all the tokens that will have ended by then. */
  async #foresee(jtis: readonly string[], why: EndReason, going: Set<string>): Promise<Part[]> {
    const { authority } = this.#options;
    const tokens = await authority.claimsOf(jtis);
    const { ending, staying } = await sessionsOf(tokens, why, this.#options);
    const parts: Part[] = [
      {
        links: linksOf(tokens, this.#options).map(({ socket }) => socket),
        sessions: ending.map(({ id }) => id),
        keptSessions: staying.map(({ id }) => id),
      },
    ];
    const unused = await unusedDaemons(tokens, why, going, this.#options);
    const more = authority.withChildren(unused).filter((jti) => !going.has(jti));
    for (const jti of more) going.add(jti);
    if (more.length > 0) parts.push(...(await this.#foresee(more, why, going)));
    return parts;
  }
}

/** Returns the error that calls of ended tokens are told. */
function reasonFor(why: EndReason): AppError {
  if (why === 'expired') return tokenExpired();
  return new AppError('TOKEN_NOT_ACTIVE', 'the token was revoked; log in again');
}

/** The values of all, once none is under way any more. Throws what the first of them threw. */
async function allOf<Value>(works: readonly Promise<Value>[]): Promise<Value[]> {
  const outcomes = await Promise.allSettled(works);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
