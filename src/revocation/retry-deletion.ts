/**
 * Deletes refused tokens for good. While the disk does not take it they stay refused, what hung on them
 * is ended all the same, once, and the deletion is tried again whenever `retry` is called.
 */
import type { Authority, EndReason, Refused } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Part } from './receipt.ts';

export interface DeletionOptions {
  readonly authority: Pick<Authority, 'delete' | 'claimsOf'>;
  /**
   * Ends what hung on tokens that are gone; called once for each token. To wait there for a revocation of
   * one of them would be to wait for itself.
   */
  readonly consequences: (gone: readonly TokenClaims[], why: EndReason) => Promise<Part[]>;
  readonly log: Pick<Log, 'error'>;
}

/** Tokens that were refused together, until they are deleted and all that hung on them is gone. */
export interface Deletion {
  readonly jtis: readonly string[];
  /** The ones among them that were accepted once. */
  readonly active: ReadonlySet<string>;
  readonly why: EndReason;
  consequences: Promise<Part[]> | undefined;
  work: Promise<Part[]> | undefined;
}

export class Deletions {
  readonly #options: DeletionOptions;
  readonly #unfinished = new Map<string, Deletion>();

  constructor(options: DeletionOptions) {
    this.#options = options;
  }

  /** Takes charge of tokens that have just been refused; nothing is deleted before `finish` or `retry`. */
  begin({ active, pending }: Refused, why: EndReason): void {
    const jtis = [...active, ...pending];
    const begun: Deletion = { jtis, active: new Set(active), why, consequences: undefined, work: undefined };
    for (const jti of jtis) this.#unfinished.set(jti, begun);
  }

  /** True for a token that was accepted once and is being deleted, or waits for another try. */
  isEnding(jti: string): boolean {
    return this.#unfinished.get(jti)?.active.has(jti) === true;
  }

  /** The deletions that these tokens are part of. */
  of(jtis: readonly string[]): Deletion[] {
    return [...new Set(jtis.flatMap((jti) => this.#unfinished.get(jti) ?? []))];
  }

  /**
   * Resolves when the tokens are deleted for good and nothing is left of what hung on them; who asks while
   * that is under way waits for the same. Throws STORE_UNAVAILABLE, and what went wrong in ending the rest.
   */
  finish(deletion: Deletion): Promise<Part[]> {
    deletion.work ??= this.#work(deletion).finally(() => {
      deletion.work = undefined;
    });
    return deletion.work;
  }

  /** Tries again what could not be finished. */
  retry(): Promise<void> {
    return this.#finishAll((deletion) => deletion.work === undefined);
  }

  /** Settles when all is finished, or has failed once more. */
  settled(): Promise<void> {
    return this.#finishAll(() => true);
  }

  async #finishAll(isMeant: (deletion: Deletion) => boolean): Promise<void> {
    const deletions = [...new Set(this.#unfinished.values())].filter(isMeant);
    const outcomes = await Promise.allSettled(deletions.map((deletion) => this.finish(deletion)));
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return;
    const details = { err: failed.reason, tokens: this.#unfinished.size };
    this.#options.log.error(details, 'ended tokens are refused, but not yet deleted for good');
  }

  async #work(deletion: Deletion): Promise<Part[]> {
    const { jtis, active, why } = deletion;
    const { gone, failure } = await this.#delete(jtis);
    if (gone !== undefined) {
      const ended = gone.filter(({ jti }) => active.has(jti));
      deletion.consequences ??= this.#options.consequences(ended, why);
    }
    try {
      const parts = (await deletion.consequences) ?? [];
      if (failure !== undefined) throw failure;
      return parts;
    } finally {
      if (failure === undefined) for (const jti of jtis) this.#unfinished.delete(jti);
    }
  }

  /** Deletes the tokens and returns their claims, also when that fails; none when they cannot be read. */
  async #delete(jtis: readonly string[]): Promise<{ gone: TokenClaims[] | undefined; failure?: unknown }> {
    const { authority } = this.#options;
    try {
      return { gone: await authority.delete(jtis) };
    } catch (failure) {
      return { gone: await authority.claimsOf(jtis).catch(() => undefined), failure };
    }
  }
}
