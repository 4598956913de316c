/**
 * Ending tokens: refused in memory at once, then deleted for good, and their calls and whatever
 * else hangs on them ended. When the disk does not take the deletion the tokens stay refused, all
 * else is ended nevertheless, the asker is told, and the deletion is tried again every second.
 */

import type { Call, CallsInFlight } from '../authority/tokens/calls-in-flight.ts';
import { claimsOf } from '../authority/tokens/token-row.ts';
import type { Whitelist } from '../authority/tokens/whitelist.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { TokenRow } from '../store/schema.ts';
import { deleteTokens, selectTokensById } from '../store/tables/tokens.ts';
import { type TokenClaims, tokenExpired } from '../token/claims.ts';
import { type EndedParts, type EndReason, mergeParts, NOTHING_ENDED, type Receipt } from './receipt.ts';

/**
 * Ends what hangs on tokens that have ended. Called once for each token. It may revoke other
 * tokens; to wait for a revocation of these would be to wait for itself.
 */
export type EndedHook = (ended: readonly TokenClaims[], why: EndReason) => Promise<EndedParts>;

export interface EndingParts {
  readonly store: Store;
  readonly whitelist: Whitelist;
  readonly calls: CallsInFlight;
  readonly hooks: readonly EndedHook[];
  /** Told of each token once. */
  readonly removed: (claims: TokenClaims, why: EndReason) => void;
  readonly log: Pick<Log, 'error'>;
}

/** Tokens that were refused together, until they are deleted and all that hung on them is gone. */
interface Ending {
  readonly jtis: readonly string[];
  readonly why: EndReason;
  /** What hung on them; set off once, however often the deletion is tried. */
  consequences: Promise<EndedParts> | undefined;
  work: Promise<EndedParts> | undefined;
}

export class Endings {
  readonly #parts: EndingParts;
  readonly #unfinished = new Map<string, Ending>();

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /**
   * Ends the tokens and those made from them. They are refused when this returns its promise, and
   * the promise settles when nothing of them is left. Those already being ended are waited for;
   * those not known are not in the receipt. Throws STORE_UNAVAILABLE when they could not be
   * deleted for good.
   */
  async end(jtis: readonly string[], why: EndReason, except?: Call): Promise<Receipt> {
    const begun = performance.now();
    const { whitelist, calls, log } = this.#parts;
    const joined = [...new Set(jtis)].filter((jti) => this.#unfinished.has(jti));
    const refused = whitelist.refuse(jtis);
    if (refused.length > 0) this.#begin(refused, why);
    const ended = [...refused, ...joined];
    const leaving = calls.end(ended, reasonFor(why), except);
    const endings = new Set(ended.flatMap((jti) => this.#unfinished.get(jti) ?? []));
    const [remaining, ...outcomes] = await Promise.allSettled([
      leaving,
      ...Array.from(endings, (ending) => this.#complete(ending)),
    ]);
    if (remaining.status === 'fulfilled' && remaining.value > 0) {
      log.error({ calls: remaining.value }, 'calls of an ended token did not leave in time');
    }
    const parts = mergeParts(outcomes.map(settledValue));
    return { ...parts, jtis: ended, milliseconds: performance.now() - begun };
  }

  /** Deletes a row that was committed for a token that nobody got. */
  discard(jti: string): void {
    const ending = this.#begin([jti], 'revoked');
    ending.consequences = Promise.resolve(NOTHING_ENDED);
    this.#complete(ending).catch(() => {}); // stays unfinished, and the next try says so
  }

  /** Whether the token is being ended, or waits for another try. */
  isEnding(jti: string): boolean {
    return this.#unfinished.has(jti);
  }

  /** Tries again what could not be finished. */
  retry(): Promise<void> {
    return this.#completeAll((ending) => ending.work === undefined);
  }

  /** Settles when all is finished, or has failed once more. */
  settled(): Promise<void> {
    return this.#completeAll(() => true);
  }

  async #completeAll(isMeant: (ending: Ending) => boolean): Promise<void> {
    const endings = [...new Set(this.#unfinished.values())].filter(isMeant);
    const outcomes = await Promise.allSettled(endings.map((ending) => this.#complete(ending)));
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return;
    const details = { err: failed.reason, tokens: this.#unfinished.size };
    this.#parts.log.error(details, 'ended tokens are refused, but not yet deleted for good');
  }

  #begin(jtis: readonly string[], why: EndReason): Ending {
    const ending: Ending = { jtis, why, consequences: undefined, work: undefined };
    for (const jti of jtis) this.#unfinished.set(jti, ending);
    return ending;
  }

  #complete(ending: Ending): Promise<EndedParts> {
    ending.work ??= this.#work(ending).finally(() => {
      ending.work = undefined;
    });
    return ending.work;
  }

  async #work(ending: Ending): Promise<EndedParts> {
    const { rows, failure } = await this.#delete(ending.jtis);
    if (rows !== undefined) ending.consequences ??= this.#consequences(rows, ending.why);
    try {
      const ended = (await ending.consequences) ?? NOTHING_ENDED;
      if (failure !== undefined) throw failure;
      return ended;
    } finally {
      if (failure === undefined) for (const jti of ending.jtis) this.#unfinished.delete(jti);
    }
  }

  /** The rows as they were, deleted for good unless there is a `failure`; none when nothing can be read. */
  async #delete(jtis: readonly string[]): Promise<{ rows: TokenRow[] | undefined; failure?: unknown }> {
    const { store } = this.#parts;
    try {
      const rows = await store.commit(
        async (tx) => {
          const found = await selectTokensById(tx, jtis);
          await deleteTokens(tx, jtis);
          return found;
        },
        { isUrgent: true },
      );
      return { rows };
    } catch (failure) {
      const rows = await store.read((db) => selectTokensById(db, jtis)).catch(() => undefined);
      return { rows, failure };
    }
  }

  async #consequences(rows: readonly TokenRow[], why: EndReason): Promise<EndedParts> {
    const ended = rows.map(claimsOf);
    for (const claims of ended) this.#parts.removed(claims, why);
    if (ended.length === 0) return NOTHING_ENDED;
    const outcomes = await Promise.allSettled(this.#parts.hooks.map((hook) => hook(ended, why)));
    return mergeParts(outcomes.map(settledValue));
  }
}

function reasonFor(why: EndReason): AppError {
  if (why === 'expired') return tokenExpired();
  return new AppError('TOKEN_NOT_ACTIVE', 'the token was revoked; log in again');
}

function settledValue<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
